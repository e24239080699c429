import { type Command, Option } from 'commander'
import type { ContainerInfo } from '../../../types.ts'
import { print } from '../../output/print.ts'
import { exitCodeOf, reportError } from '../../output/report.ts'
import { withOwner } from '../../owner/with-owner.ts'

export function define(command: Command): void {
  command
    .argument('<container...>', 'ids, starts of ids, or names')
    .addOption(new Option('--format <format>', 'there is but one').choices(['json']).default('json'))
    .addHelpText('after', HELP)
    .action((refs: string[]) =>
      withOwner(command, async (client) => {
        const results = await Promise.allSettled(refs.map((ref) => client.inspect(ref)))
        const found: ContainerInfo[] = []
        for (const result of results) {
          if (result.status === 'fulfilled') found.push(result.value)
          else fail(result.reason)
        }
        await print(`${JSON.stringify(found, null, 2)}\n`)
      }),
    )
}

function fail(error: unknown): void {
  reportError(error)
  process.exitCode = exitCodeOf(error)
}

const HELP = `
Prints an array of objects, one for each container that was found.

Examples:
  runchart inspect web
  runchart inspect web | jq -r '.[0].exit.cause'`
