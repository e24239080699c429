import type { Engine } from '../types.ts'
import type { AutoRemoval } from './auto-remove.ts'

/** What the routes work with. */
export interface ApiContext {
  engine: Engine
  /** Aborts when the server closes. */
  closing: AbortSignal
  autoRemoval: AutoRemoval
}
