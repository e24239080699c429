import type { ExitRecord } from '../../../../src/index.ts'
import type { Asked } from '../engine/owner.ts'

const SIGKILLED = 137
/** runc's own init, before the start: Go's runtime cannot die of SIGTERM as the first process of a namespace. */
const INIT_TERMINATED = 2

/**
 * What is wrong with an exit record, judged by the script that ran and by what was asked for; undefined where it can
 * be true.
 *
 * @param asked every command that was given for a container of that name
 * @param monitorKilled whether the round killed its conmon
 */
export function wrongExit(
  record: ExitRecord,
  asked: readonly Asked[],
  monitorKilled: boolean,
): string | undefined {
  const { code, cause, name, generation } = record
  const creation = asked.find((command) => command.do === 'create')
  if (creation?.do !== 'create') return `exit of ${name}, which nobody asked to create`
  const told = `${name} (${creation.script}), run ${generation}: code ${code}, cause ${cause}`
  if (code === -1) {
    if (cause === 'create-failed') return undefined
    return cause === 'monitor-lost' && monitorKilled ? undefined : `${told}: a code was lost`
  }
  const possible = possibleCodes(creation.script, creation.code, asked)
  // What waits in one that is only created is killed by any removal.
  if (record.startedAt === null && asked.some((command) => command.do === 'remove')) possible.push(SIGKILLED)
  if (!possible.includes(code)) return `${told}: possible are ${possible.join(', ')}`
  return cause === 'monitor-lost' || cause === 'create-failed' ? `${told}: a code with that cause` : undefined
}

function possibleCodes(script: string, code: number, asked: readonly Asked[]): number[] {
  const terminated = asked.some(
    (command) => command.do === 'stop' || (command.do === 'kill' && command.signal === 'SIGTERM'),
  )
  const killed = asked.some(
    (command) =>
      command.do === 'stop' ||
      (command.do === 'kill' && command.signal === 'SIGKILL') ||
      (command.do === 'remove' && command.force),
  )
  const ends = script === 'quick' || script === 'brief' || (script === 'obedient' && terminated)
  return [...(ends ? [code] : []), ...(terminated ? [INIT_TERMINATED] : []), ...(killed ? [SIGKILLED] : [])]
}
