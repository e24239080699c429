import type { Logger } from 'pino'
import { watchExit } from '../../effects/process/exit-watch.ts'
import { killGroupOf, type ProcessIdentity } from '../../effects/process/identity.ts'
import { findLeftRuns } from '../../effects/runtime/left.ts'
import type { EngineContext } from './context.ts'
import { within } from './monitor.ts'
import type { Supervisor } from './supervisor.ts'

/** As long as a runtime of this engine's own would have. */
const END_MS = 10_000
const KILLED_MS = 1_000

/** Once for each engine: whatever began them is dead, and begins no more. */
const leftRuns = new WeakMap<EngineContext, Map<string, ProcessIdentity[]>>()

/**
 * Waits for the runs of the runtime over a container that the engine before has left at work when it was killed: what
 * they change is seen only once they are done. One that hangs is killed; one that cannot be watched is not waited for.
 *
 * @throws the signal's reason when aborted
 */
export async function letLeftRunsEnd({ engine, id, logger }: Supervisor, signal: AbortSignal): Promise<void> {
  const runs = leftRuns.get(engine) ?? findLeftRuns(engine.paths.runtimeRoot)
  leftRuns.set(engine, runs)
  for (const process of runs.get(id) ?? []) {
    try {
      await letEnd(process, logger, signal)
    } catch (err) {
      signal.throwIfAborted()
      logger.warn({ err, pid: process.pid }, 'a run of the runtime from before cannot be watched')
    }
  }
}

async function letEnd(process: ProcessIdentity, logger: Logger, signal: AbortSignal): Promise<void> {
  const watch = await watchExit(process)
  if (watch === undefined) return
  try {
    if (await within(watch.ended, END_MS, signal)) return
    logger.warn({ pid: process.pid }, 'a run of the runtime from before does not end; it is killed')
    killGroupOf(process)
    await within(watch.ended, KILLED_MS, signal)
  } finally {
    watch.close()
  }
}
