import { watchExit } from '../../effects/process/exit-watch.ts'
import { killGroupOf, type ProcessIdentity } from '../../effects/process/identity.ts'
import { findLeftRuns } from '../../effects/runtime/left.ts'
import type { EngineContext } from './context.ts'
import { within } from './monitor.ts'
import type { Supervisor } from './supervisor.ts'

/** As long as a runtime of this engine's own would have. */
const END_MS = 10_000

/** Once for each engine: whatever began them is dead, and begins no more. */
const leftRuns = new WeakMap<EngineContext, Map<string, ProcessIdentity[]>>()

/**
 * Waits for the runs of the runtime over a container that the engine before has left at work when it was killed: what
 * they change is seen only once they are done. One that hangs is killed.
 *
 * @throws the signal's reason when aborted
 */
export async function letLeftRunsEnd({ engine, id, logger }: Supervisor, signal: AbortSignal): Promise<void> {
  const runs = leftRuns.get(engine) ?? findLeftRuns(engine.paths.runtimeRoot)
  leftRuns.set(engine, runs)
  for (const process of runs.get(id) ?? []) {
    if (await hasEnded(process, signal)) continue
    logger.warn({ pid: process.pid }, 'a run of the runtime from before does not end; it is killed')
    killGroupOf(process)
  }
}

async function hasEnded(process: ProcessIdentity, signal: AbortSignal): Promise<boolean> {
  const watch = await watchExit(process)
  try {
    return watch === undefined || (await within(watch.ended, END_MS, signal))
  } finally {
    watch?.close()
  }
}
