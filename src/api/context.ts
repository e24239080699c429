import type { Engine } from '../types.ts'

/** Milliseconds that answers under way have to get out when the server closes. */
export const CLOSE_GRACE_MS = 1_000

/** What the routes work with. */
export interface ApiContext {
  engine: Engine
  /** Aborts when the owner is about to leave: whoever only looks on, or is bound to it, is told to go. */
  leaving: AbortSignal
  /** Aborts when the server closes: nothing that is under way is waited for any more. */
  closing: AbortSignal
}
