import { availableParallelism } from 'node:os'
import pLimit from 'p-limit'

/**
 * Runs a task as soon as there is room, first come, first served. A task whose signal is aborted while it
 * waits rejects with the signal's reason at once and never runs. A limited task must not wait for another
 * task of the same limiter: the two could block each other for ever.
 */
export type Limiter = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** Makes a {@link Limiter}; twice the number of processors where no number is given. */
export function createLimiter(concurrency = availableParallelism() * 2): Limiter {
  const limit = pLimit(concurrency)
  return <T>(task: () => Promise<T>, signal?: AbortSignal) =>
    new Promise<T>((resolve, reject) => {
      const giveUp = () => reject(signal?.reason)
      if (signal?.aborted === true) return giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      const run = async () => {
        if (signal?.aborted === true) return
        signal?.removeEventListener('abort', giveUp)
        await task().then(resolve, reject)
      }
      limit(run).catch(reject)
    })
}
