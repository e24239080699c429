/** What a route says of itself, besides the schemas of what it takes. */
import type { TSchema } from 'typebox'

/** A body, of a request or a reply. */
export interface Content {
  description: string
  /** The media type; JSON where left out. */
  type?: string
  /** Left out where there is no body. */
  schema?: TSchema
  /** Of a body of lines: each of them, as JSON. */
  line?: TSchema
}

/** A route, for whoever calls it. */
export interface Documentation {
  /** What a generated client names the call. */
  id: string
  summary: string
  description?: string
  /** A body that no schema of the route's checks. */
  body?: Content
  /** By status. Errors are the same everywhere, and not among them. */
  replies: Record<number, Content>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    documentation?: Documentation
  }
}

/** Documents a route that answers with JSON, and the status 200. */
export function documented(
  id: string,
  summary: string,
  schema: TSchema,
  description?: string,
): { documentation: Documentation } {
  const replies = { 200: { description: summary, schema } }
  return { documentation: { id, summary, ...(description !== undefined && { description }), replies } }
}

/** What every stream does. */
export const EARLY_END =
  'A stream that ends early says why in the trailer `runchart-error`: an ErrorReply as URI-encoded JSON.'
