import type { Logger } from 'pino'
import type { Limiter } from '../../effects/process/limiter.ts'
import type { Runtime } from '../../effects/runtime/runtime.ts'
import type { containerMachine } from '../../machines/index.ts'
import type { Store } from '../store/store.ts'
import type { Journal } from './journal.ts'
import type { EnginePaths } from './paths.ts'

/** What every container of one engine shares. */
export interface EngineContext {
  paths: EnginePaths
  /** The container chart with this engine's effects. */
  chart: typeof containerMachine
  conmonPath: string
  runtime: Runtime
  limit: Limiter
  store: Store
  journal: Journal
  logger: Logger
}
