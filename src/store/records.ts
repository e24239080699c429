import type { CgroupManager, MonitorPlacement } from '../../effects/cgroup/placement.ts'
import type {
  KnownHealth,
  KnownRestarts,
  ProcessFacts,
  RestartPolicy,
  StopRequest,
  StopStage,
} from '../../machines/index.ts'
import type { HealthSettings } from '../spec/policies/health.ts'
import type { Spec } from '../spec/types.ts'
import type {
  ContainerState,
  CreateOptions,
  EngineEvent,
  ErrorRecord,
  ExecState,
  ExitRecord,
  PortMapping,
} from '../types.ts'

/** What was settled when a container was created; never changes. Its spec is kept apart, being large. */
export interface ContainerSettings {
  /** Absolute path of the runtime it is made by. */
  runtime: string
  command: string[]
  /** Signal number. */
  stopSignal: number
  /** Seconds. */
  stopTimeout: number
  /** Left out where a stop is one signal and a time. */
  stopStages?: StopStage[] | undefined
  /** Whether conmon keeps a pipe for its standard input; a terminal needs none. */
  stdin?: boolean | undefined
  terminal?: boolean | undefined
  monitor?: MonitorSettings | undefined
  network?: CreateOptions['network']
  /** Whether it goes by itself once it has exited. */
  autoRemove?: boolean | undefined
  labels?: Record<string, string> | undefined
  key?: CreationKey | undefined
  /** Left out where nothing starts it again. */
  restart?: RestartPolicy | undefined
  /** Left out where nobody asks for its health. */
  healthCheck?: HealthSettings | undefined
}

/** What makes a create one that can be asked again. */
export interface CreationKey {
  value: string
  /** Tells the same options from others. */
  digest: string
}

/** What of a container's settings is its conmon's. */
export interface MonitorSettings {
  cgroupManager: CgroupManager
  /** The cgroup that conmon is put into; it stays in the engine's where undefined. */
  placement?: MonitorPlacement | undefined
  ports: PortMapping[]
  reservePorts: boolean
  exitCommand?: string[] | undefined
  conmonPidFile?: string | undefined
}

/** A command that runs in a container, as the next engine needs to know it. */
export interface ExecRow {
  id: string
  command: string[]
  state: ExecState
  detached: boolean
  /** Given for one that a health check runs, of which nobody is told. */
  isProbe?: true | undefined
  process: ProcessFacts | null
  startedAt: string
}

/** What a container's restarts have come to, as the next engine needs to know it. */
export interface RestartRow extends Omit<KnownRestarts, 'afterRestart'> {
  /** The boot in which they came to that. */
  bootId: string
}

/** Who has asked for the end of a run, in their words; only those are in it who said so. */
export interface Askers {
  stop?: string | undefined
  remove?: string | undefined
  /** By the signal's number: who sent it last. */
  signals?: Readonly<Record<number, string>> | undefined
}

/** What is known of the health of a run. */
export interface HealthRow extends KnownHealth {
  generation: number
}

/** What a container has come to; committed with each transition. */
export interface ContainerFacts {
  process: ProcessFacts | null
  monitor: ProcessFacts | null
  startedAt: string | null
  stop: StopRequest | null
  exit: ExitRecord | null
  error: ErrorRecord | null
  /** The state it was in before it came to be in doubt; left out where it is not. */
  before?: ContainerState | undefined
  /** Live sessions, oldest first; left out where there are none. */
  execs?: ExecRow[] | undefined
  /** Left out where nothing starts it again, and before its first start. */
  restart?: RestartRow | undefined
  /** Of the present run; left out where nobody has. */
  askers?: Askers | undefined
  /** Left out where its present run, or its last one, was not asked. */
  health?: HealthRow | undefined
  /** Given while it waits in a pool, and nobody has it. */
  pooled?: true | undefined
}

/** One row of the store, without its spec, which is read only when it is needed. */
export interface ContainerRow {
  id: string
  name: string
  createdAt: string
  settings: ContainerSettings
  state: ContainerState
  generation: number
  facts: ContainerFacts
}

/** `Omit` that keeps a union a union. */
type OmitEach<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never

/** An event before its commit has given it a number. */
export type UnnumberedEvent = OmitEach<EngineEvent, 'seq' | 'version'>

/** One transition of a container: what is to be on disk before anyone is told. */
export interface ContainerCommit {
  row: ContainerRow
  /** Given for a container that is new. */
  spec?: Spec | undefined
  event?: UnnumberedEvent | undefined
  /** Given when a run has ended. */
  exit?: ExitRecord | undefined
}

/** An event of the whole engine, which changes no row. */
export interface EngineCommit {
  row?: undefined
  event: UnnumberedEvent
}

/** What is committed as one. */
export type Commit = ContainerCommit | EngineCommit
