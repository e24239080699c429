import { killMonitor } from '../../effects/conmon/create.ts'
import type { Supervisor } from './supervisor.ts'

/** conmon ends right after it has written the exit file; one that does not is in the way of the next run. */
const MONITOR_END_MS = 10_000

/** Waits until the container's conmon has ended, and ends it where it will not. */
export async function endMonitor(supervisor: Supervisor, signal?: AbortSignal): Promise<void> {
  const { lifeline } = supervisor.witnesses
  if (lifeline !== undefined && !(await within(lifeline.ended, MONITOR_END_MS, signal))) {
    supervisor.logger.warn('conmon outlived its container and is killed')
    await killMonitor(supervisor.paths.runDirectory, lifeline)
  }
  supervisor.witnesses.release()
}

/** Whether something came to pass in time. Rejects with the signal's reason. */
export async function within(
  event: Promise<unknown>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  signal?.throwIfAborted()
  const { promise: late, resolve, reject } = Promise.withResolvers<boolean>()
  const abort = (): void => reject(signal?.reason)
  const timer = setTimeout(resolve, timeoutMs, false)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([event.then(() => true), late])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    // The loser of the race may still be rejected.
    late.catch(() => {})
  }
}
