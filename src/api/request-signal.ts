import type { FastifyReply } from 'fastify'

/**
 * Aborts when the client goes away before it was answered, or when the owner does. What the request waited for is let
 * go; the container is not touched.
 */
export function requestSignal(reply: FastifyReply, ownerLeaves: AbortSignal): AbortSignal {
  const gone = new AbortController()
  // The response's close, not the request's: the latter also ends when a body was read to its end.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new DOMException('the client went away', 'AbortError'))
  })
  return AbortSignal.any([gone.signal, ownerLeaves])
}
