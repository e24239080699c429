import type { Command } from 'commander'
import { copyOutput } from '../../output/copy.ts'
import { withOwner } from '../../owner/with-owner.ts'

interface Flags {
  follow?: boolean
  timestamps?: boolean
}

export function define(command: Command): void {
  command
    .argument('<container>', 'id, start of an id, or name')
    .option('-f, --follow', 'go on until the container has exited')
    .option('-t, --timestamps', 'begin each line with its time')
    .addHelpText('after', HELP)
    .action((ref: string, { follow, timestamps }: Flags) =>
      withOwner(command, (client) => copyOutput(client.logs(ref, { follow }), { timestamps })),
    )
}

const HELP = `
What the container wrote to stdout comes on stdout, the rest on stderr.

Examples:
  runchart logs web
  runchart logs -ft web
  runchart logs web 2>/dev/null`
