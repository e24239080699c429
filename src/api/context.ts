import type { Engine } from '../types.ts'

/** What the routes work with. */
export interface ApiContext {
  engine: Engine
  /** Aborts when the server closes. */
  closing: AbortSignal
}
