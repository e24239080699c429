import { EngineClosedError } from '../errors.ts'
import type { Change, Supervisor } from './supervisor.ts'

/** What a change means to whoever waits: a value, an error to throw, or `undefined` to go on waiting. */
export type Verdict<T> = { value: T } | { error: Error } | undefined

/** How a change is waited for. */
export interface Waiting {
  signal?: AbortSignal | undefined
  /** Ends the wait with StoreError where a change of the container cannot be written; it is told when it can. */
  unlessRefused?: boolean | undefined
}

/**
 * Waits for the committed change that decides. Listening begins in this call, so that nothing is missed
 * between a command and the waiting for it. A cancelled wait touches nothing.
 */
export function awaitChange<T>(
  supervisor: Supervisor,
  judge: (change: Change) => Verdict<T>,
  { signal, unlessRefused = false }: Waiting = {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    supervisor.assertOpen()
    const stop = (): void => {
      unlisten()
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      stop()
      reject(error)
    }
    const onAbort = (): void => fail(signal?.reason)
    const hear = (change: Change | 'closed'): void => {
      const verdict = change === 'closed' ? { error: new EngineClosedError() } : judge(change)
      if (verdict === undefined) return
      stop()
      if ('error' in verdict) reject(verdict.error)
      else resolve(verdict.value)
    }
    const unlisten = supervisor.listen(hear, unlessRefused ? fail : undefined)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}
