import { EngineClosedError } from '../../errors.ts'
import type { Supervisor } from '../supervisor.ts'

/** Resolves once the container rests, after a commit. Rejects with the signal's reason, and with EngineClosedError. */
export function resting(supervisor: Supervisor, signal?: AbortSignal): Promise<void> {
  if (supervisor.isSettled) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      unlisten()
      signal?.removeEventListener('abort', abort)
    }
    const abort = (): void => {
      stop()
      reject(signal?.reason)
    }
    const unlisten = supervisor.listen((change) => {
      if (change !== 'closed' && !supervisor.isSettled) return
      stop()
      if (change === 'closed') reject(new EngineClosedError())
      else resolve()
    })
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
  })
}
