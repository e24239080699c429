import type { Logger } from 'pino'
import type { CgroupManager } from '../../effects/cgroup/placement.ts'
import type { Limiter } from '../../effects/process/limiter.ts'
import type { Runtime } from '../../effects/runtime/runtime.ts'
import type { containerMachine } from '../../machines/index.ts'
import type { Clock } from '../clock.ts'
import type { EnginePaths } from '../root/paths.ts'
import type { Journal } from '../store/journal.ts'
import type { Store } from '../store/store.ts'
import type { CreationSettings } from './creation/settings.ts'
import type { Boot } from './policies/boot.ts'
import type { Commands, InFlight } from './work/in-flight.ts'
import type { InspectionEvent } from './work/inspection.ts'
import type { World } from './world/world.ts'

/** The time that a chart goes by, and who is told what it does, which never throws. */
export interface ActorOptions {
  clock: Clock
  inspect?: (event: InspectionEvent) => void
}

/** What every container of one engine shares. */
export interface EngineContext {
  paths: EnginePaths
  world: World
  /** The container chart with this engine's effects. */
  chart: typeof containerMachine
  conmonPath: string
  /** Name or absolute path of CRIU; the runtime's own choice where undefined. */
  criu?: string | undefined
  creation: CreationSettings
  /** The one that new containers are created by. */
  runtime: Runtime
  /** Another, by its absolute path and by who makes its cgroups. */
  runtimeAt: (path: string, manager: CgroupManager) => Runtime
  boot: Boot
  limit: Limiter
  store: Store
  journal: Journal
  /** What callers have asked for. */
  commands: Commands
  /** What is at work on the world. */
  effects: InFlight
  /** What the actor of each chart is made with. */
  actorOptions: ActorOptions
  logger: Logger
}
