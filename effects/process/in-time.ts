/** How long work is waited for. */
export interface Patience {
  signal?: AbortSignal | undefined
  /** Milliseconds. */
  timeoutMs: number
  /** What is thrown when they are over. */
  late: () => Error
}

/** Settles with the work, or rejects as soon as it is aborted or out of time; the work goes on and is not waited for. */
export async function settleInTime<T>(work: Promise<T>, { signal, timeoutMs, late }: Patience): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal?.reason)
  const timer = setTimeout(() => reject(late()), timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted === true) abort()
  try {
    return await Promise.race([work, stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    // The loser of the race still settles.
    work.catch(() => {})
    stopped.catch(() => {})
  }
}
