import { type Command, Option } from 'commander'
import type { Client } from '../../../client/client.ts'
import type { WaitCondition, WaitOptions } from '../../../types.ts'
import { parseCount, parseNumber } from '../../input/values.ts'
import { forEach } from '../../output/each.ts'
import { withOwner } from '../../owner/with-owner.ts'

/** podman's words, and docker's, for what can be waited for. */
const CONDITIONS: Record<string, WaitCondition> = {
  stopped: 'exit',
  exited: 'exit',
  'next-exit': 'next-exit',
  running: 'running',
  healthy: 'healthy',
  removed: 'removed',
}

interface Flags {
  condition: string
  generation?: number
  timeout?: number
}

export function define(command: Command): void {
  command
    .argument('<container...>', 'ids, starts of ids, or names')
    .addOption(
      new Option('--condition <what>', 'what is waited for')
        .choices(Object.keys(CONDITIONS))
        .default('stopped'),
    )
    .option('--generation <n>', 'the run that is meant; with next-exit, the one before', parseCount)
    .option('--timeout <seconds>', 'fail when it has not come by then; 0 only looks', parseNumber)
    .addHelpText('after', HELP)
    .action((refs: string[], { condition, generation, timeout }: Flags) =>
      withOwner(command, (client) =>
        forEach(refs, (ref) => waitFor(client, ref, { for: CONDITIONS[condition], generation, timeout })),
      ),
    )
}

async function waitFor(client: Client, ref: string, options: WaitOptions): Promise<string> {
  const result = await client.wait(ref, options)
  return String(result !== null && 'code' in result ? result.code : -1)
}

const HELP = `
Prints each exit code on a line of its own, in the order asked; -1 where there is none, or none is known. A container
that has exited answers at once; one that was removed, by its id, as long as its exit is on record. next-exit waits for
an exit that is yet to come: with --generation, for the first after that run, however long ago.

Examples:
  runchart wait web
  runchart wait web db
  runchart wait --condition running --timeout 10 web
  runchart wait --condition next-exit --generation 3 web`
