import { describeProcess } from '../../../effects/process/describe.ts'
import { IllegalTransitionError } from '../../errors.ts'
import type { ContainerState, ProcessInfo } from '../../types.ts'
import type { Supervisor } from '../supervisor.ts'

/** States in which the runtime can say what a container's processes are. */
const LISTED: readonly ContainerState[] = [
  'created',
  'starting',
  'running',
  'pausing',
  'paused',
  'resuming',
  'stopping',
]

/** The processes of a container, its first one first. One that ends meanwhile is left out. */
export async function listProcesses(supervisor: Supervisor, signal?: AbortSignal): Promise<ProcessInfo[]> {
  supervisor.assertOpen()
  const { engine, row, id, name } = supervisor
  if (!LISTED.includes(row.state)) {
    throw new IllegalTransitionError({ state: row.state, event: 'top', allowed: [] }, name, {
      containerId: id,
      hint: 'only a container that is alive has processes',
    })
  }
  const pids = await engine.runtime.processes(id, { signal })
  const first = row.facts.process?.pid
  const ordered = pids.toSorted((a, b) => Number(b === first) - Number(a === first) || a - b)
  return ordered.map(describeProcess).filter((process) => process !== undefined)
}
