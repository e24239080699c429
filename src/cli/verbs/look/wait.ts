import type { Command } from 'commander'
import { forEach } from '../../output/each.ts'
import { withOwner } from '../../owner/with-owner.ts'

export function define(command: Command): void {
  command
    .argument('<container...>', 'ids, starts of ids, or names')
    .addHelpText('after', HELP)
    .action((refs: string[]) =>
      withOwner(command, (client) => forEach(refs, async (ref) => String((await client.wait(ref)).code))),
    )
}

const HELP = `
Prints each exit code on a line of its own, in the order asked; -1 where none is known. A container that has
exited answers at once; one that was removed, by its id, as long as its exit is on record.

Examples:
  runchart wait web
  runchart wait web db`
