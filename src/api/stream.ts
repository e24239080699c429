/** Streams over the owner's socket: pulled, never pushed, so that a slow reader costs nothing but its own time. */
import { once } from 'node:events'
import type { FastifyReply } from 'fastify'
import { toErrorReply } from './error-reply.ts'
import { ERROR_TRAILER } from './wire.ts'

/** What is sent, and how. */
export interface StreamReply<T> {
  contentType: string
  source: AsyncIterable<T> | Iterable<T>
  encode: (value: T) => Buffer | string
  /** Lets go of the source. */
  signal: AbortSignal
}

/**
 * Answers with a stream. Its headers leave at once. An error of the source is told in a trailer, and so is the
 * reason of an abort, where the client is still there to hear it: nobody is to take the stream for whole.
 */
export async function sendStream<T>(reply: FastifyReply, stream: StreamReply<T>): Promise<void> {
  const { contentType, source, encode, signal } = stream
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, { 'content-type': contentType, trailer: ERROR_TRAILER })
  response.flushHeaders()
  try {
    for await (const value of untilAborted(source, signal)) {
      if (!response.write(encode(value))) await once(response, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted) reply.log.error({ err: error }, 'a stream ended early')
    const trailer = encodeURIComponent(JSON.stringify(toErrorReply(error).reply))
    response.addTrailers({ [ERROR_TRAILER]: trailer })
  }
  response.end()
}

/** Ends a source with the signal's reason, also while it waits for its next value. */
async function* untilAborted<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let abort = (): void => {}
  const onAbort = (): void => abort()
  signal.addEventListener('abort', onAbort)
  try {
    for (;;) {
      signal.throwIfAborted()
      // Not Promise.race: against a signal that lives as long as the stream it would keep every value.
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        abort = () => reject(signal.reason)
        Promise.resolve(iterator.next()).then(resolve, reject)
      })
      if (result.done === true) return
      yield result.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a generator that still waits for its next value answers only after it.
    Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
