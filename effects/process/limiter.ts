import { availableParallelism } from 'node:os'
import pLimit from 'p-limit'

/**
 * Runs a task as soon as there is room, first come, first served. A task whose signal is aborted while it
 * waits rejects with the signal's reason at once and never runs. A limited task must not wait for another
 * task of the same limiter: the two could block each other for ever.
 */
export type Limiter = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** What has run for so many milliseconds does not use a processor but waits for something, maybe for ever. */
const PLACE_MS = 3_000

/**
 * Makes a {@link Limiter}; twice the number of processors where no number is given. A task that takes longer than
 * `placeMs` goes on, but no longer keeps others from theirs: what hangs for one container holds up no other.
 */
export function createLimiter(
  concurrency = availableParallelism() * 2,
  { placeMs = PLACE_MS }: { placeMs?: number } = {},
): Limiter {
  const limit = pLimit(concurrency)
  return <T>(task: () => Promise<T>, signal?: AbortSignal) =>
    new Promise<T>((resolve, reject) => {
      const giveUp = () => reject(signal?.reason)
      if (signal?.aborted === true) return giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      const run = async () => {
        if (signal?.aborted === true) return
        signal?.removeEventListener('abort', giveUp)
        await orLeftAlone(task().then(resolve, reject), placeMs)
      }
      limit(run).catch(reject)
    })
}

function orLeftAlone(work: Promise<void>, afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, afterMs).unref()
    void work.finally(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
