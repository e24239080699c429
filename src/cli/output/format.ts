import { type Command, Option } from 'commander'

/** Gives a verb `--format`: for people where left out, `json` for programs. */
export function takeFormat(command: Command, what: string): Command {
  return command.addOption(new Option('--format <format>', what).choices(['table', 'json']).default('table'))
}

/** What `--format` was given as. */
export type Format = 'table' | 'json'
