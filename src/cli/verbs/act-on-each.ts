import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { forEach } from '../output/each.ts'
import { withOwner } from '../owner/with-owner.ts'

/** Makes a verb that does one thing to each container it is given, and prints each when it is done. */
export function actOnEach<Flags>(
  command: Command,
  act: (client: Client, ref: string, flags: Flags) => Promise<unknown>,
): void {
  command.argument('<container...>', 'ids, starts of ids, or names').action((refs: string[], flags: Flags) =>
    withOwner(command, (client) =>
      forEach(refs, async (ref) => {
        await act(client, ref, flags)
        return ref
      }),
    ),
  )
}
