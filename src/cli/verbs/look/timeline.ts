import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { RunchartError } from '../../../../effects/errors.ts'
import { historyOf } from '../../../timeline/history.ts'
import { toSvg } from '../../../timeline/svg.ts'
import type { EngineEvent } from '../../../types.ts'
import { parseCount } from '../../input/values.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'

interface Flags {
  since?: number
  output?: string
}

export function define(command: Command): void {
  command
    .argument(
      '[container...]',
      'ids, starts of ids, or names, also of those that are gone; all where left out',
    )
    .option('--since <seq>', 'only what came after the event with this number', parseCount)
    .addOption(new Option('--format <format>', 'there is but one').choices(['svg']).default('svg'))
    .option('-o, --output <file>', 'where to write it; standard output where left out')
    .addHelpText('after', HELP)
    .action((refs: string[], { since, output }: Flags) =>
      withOwner(command, async (client) => {
        const events: EngineEvent[] = []
        for await (const event of client.events({ since })) events.push(event)
        const picture = toSvg(historyOf(ofContainers(events, refs)))
        await (output === undefined ? print(picture) : writePicture(output, picture))
      }),
    )
}

/** A name may have been of several, one after another: each is meant. */
function ofContainers(events: EngineEvent[], refs: string[]): EngineEvent[] {
  const isMeant = ({ name, containerId }: EngineEvent, ref: string): boolean =>
    name === ref || (ref !== '' && containerId?.startsWith(ref) === true)
  for (const ref of refs) {
    if (events.some((event) => isMeant(event, ref))) continue
    const hint = "'runchart events' lists all that is on record; --since leaves out what came before"
    throw new RunchartError('ENOTFOUND', `no event tells of a container "${ref}"`, { hint })
  }
  return refs.length === 0 ? events : events.filter((event) => refs.some((ref) => isMeant(event, ref)))
}

async function writePicture(path: string, picture: string): Promise<void> {
  try {
    await writeFile(path, picture)
  } catch (cause) {
    const hint = 'give a file in a directory that is there and may be written to'
    throw new RunchartError('EOUTPUT', `cannot write ${path}: ${(cause as Error).message}`, { hint, cause })
  }
}

const HELP = `
Draws what containers did, from the first event to the last: a lane for each, with its states, exits and faults.
A pointer that rests on something is told what it is.

Examples:
  runchart timeline > timeline.svg
  runchart timeline --output web.svg web
  runchart timeline --since 120 web db > report.svg`
