/**
 * The shapes of the public API. Everything here is JSON-safe unless it is a handle or an engine,
 * and none of it names an XState type.
 */
import type { Observable } from 'rxjs'
import type { ExitCause } from '../machines/container-types.ts'

export type { ExitCause }

/** The top-level states of the container chart, as libpod names the stable ones. */
export const CONTAINER_STATES = [
  'configured',
  'creating',
  'created',
  'starting',
  'running',
  'pausing',
  'paused',
  'resuming',
  'stopping',
  'checkpointing',
  'restoring',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
  'reconciling',
] as const

/** One of {@link CONTAINER_STATES}. */
export type ContainerState = (typeof CONTAINER_STATES)[number]

/** What is known of one ended run of a container. It outlives the container. */
export interface ExitRecord {
  containerId: string
  name: string
  /** Which run of the container this was; the first is 1. */
  generation: number
  /** 0–255 as the process returned it, 128+n for signal n, −1 where no evidence exists. */
  code: number
  /** The signal's name, such as `SIGKILL`, where `code` is 128+n of a known signal; else null. */
  signal: string | null
  oomKilled: boolean
  cause: ExitCause
  /** ISO 8601; null for a container that was never started. */
  startedAt: string | null
  /** ISO 8601. */
  finishedAt: string
}

/** An error as it is stored and sent: no stack, no cause. */
export interface ErrorRecord {
  code: string
  message: string
  hint?: string
}

/** One container as `inspect` prints it. `ps` prints the first nine keys. */
export interface ContainerInfo {
  id: string
  name: string
  state: ContainerState
  /** The container's first process as the host numbers it; null when there is none. */
  pid: number | null
  /** The last run's exit code; null before the first exit and while running again. */
  exitCode: number | null
  generation: number
  /** ISO 8601. */
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  /** The last run's whole exit record, or null. */
  exit: ExitRecord | null
  /** What the last failed command ran into, until the next command; or null. */
  error: ErrorRecord | null
  /** conmon's process id; null when there is none. */
  monitorPid: number | null
  /** Runtime's path. */
  runtime: string
  /** The directory that holds the generated or copied config.json. */
  bundle: string
  /** The k8s-file log. */
  logPath: string
  command: string[]
  stopSignal: string
  /** Seconds. */
  stopTimeout: number
}

interface EventBase {
  /** Version of this shape. */
  version: 1
  /** Grows by one with each event; skips ahead after the machine was restarted; never goes back. */
  seq: number
  /** ISO 8601. */
  at: string
  containerId: string
  name: string
  generation: number
}

/** A transition of a container's chart, committed. */
export interface StateEvent extends EventBase {
  type: 'state'
  /** null for the first event of a container. */
  from: ContainerState | null
  to: ContainerState
  pid?: number
  exitCode?: number
  /** Where the transition is a failed command's. */
  error?: ErrorRecord
}

/** A signal was asked for and delivered to the container's first process, or to all of them. */
export interface SignalEvent extends EventBase {
  type: 'signal'
  signal: string
}

/** conmon was gone before it could write an exit file. */
export interface MonitorLostEvent extends EventBase {
  type: 'monitor.lost'
}

/** What `engine.events` carries; a discriminated union on `type`. */
export type EngineEvent = StateEvent | SignalEvent | MonitorLostEvent

/** Options every method takes last. */
export interface CallOptions {
  /** Stops waiting. It never touches the container, except in `create`, which is undone. */
  signal?: AbortSignal | undefined
}

/** What a container is made of: a bundle, or an unpacked root file system and settings. */
export interface CreateOptions {
  /** `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 128 characters; the short id where left out. */
  name?: string | undefined
  /** An OCI bundle: a directory with config.json. It is read, never written to. */
  bundle?: string | undefined
  /** An unpacked root file system; a spec is generated around it. */
  rootfs?: string | undefined
  /** The process's argv; replaces the bundle's where given. */
  command?: string[] | undefined
  /** `NAME=value`, added to or replacing those of the spec. */
  env?: string[] | undefined
  /** Working directory in the container; absolute. */
  workdir?: string | undefined
  /** `uid`, `uid:gid`, or names looked up in the root file system's /etc/passwd and /etc/group. */
  user?: string | undefined
  hostname?: string | undefined
  readOnly?: boolean | undefined
  /** Bytes. */
  memory?: number | undefined
  pidsLimit?: number | undefined
  /** Share of CPUs, such as 1.5. */
  cpus?: number | undefined
  /** Name or number; SIGTERM where left out. */
  stopSignal?: string | number | undefined
  /** Seconds between the stop signal and SIGKILL; 10 where left out, 0 for SIGKILL at once. */
  stopTimeout?: number | undefined
}

/** One piece of a container's output. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as conmon wrote it. */
  at: string
  stream: 'stdout' | 'stderr'
  /** True where the container has not (yet) ended the line with a newline. */
  partial: boolean
  /** The bytes, without the newline. */
  data: Buffer
}

/** A handle on one container; handles of one container are interchangeable. */
export interface Container extends AsyncDisposable {
  readonly id: string
  readonly name: string
  /** The committed state. */
  readonly state: ContainerState
  readonly generation: number
  inspect(): ContainerInfo
  /** Makes the runtime container again, after an exit. */
  create(options?: CallOptions): Promise<void>
  start(options?: CallOptions): Promise<void>
  /** `timeout` in seconds; the container's own where left out. */
  stop(options?: CallOptions & { timeout?: number | undefined }): Promise<ExitRecord>
  kill(signal?: string | number, options?: CallOptions): Promise<void>
  pause(options?: CallOptions): Promise<void>
  resume(options?: CallOptions): Promise<void>
  /** The exit record of the present run, or of the last one where none is under way. */
  wait(options?: CallOptions & { generation?: number | undefined }): Promise<ExitRecord>
  /** What was written so far; with `follow` until the container has exited. */
  logs(options?: CallOptions & { follow?: boolean | undefined }): AsyncIterable<LogLine>
  /** `force` kills a live one first. */
  remove(options?: CallOptions & { force?: boolean | undefined }): Promise<void>
}

/** The ordered, durable stream of what happened. Live as an Observable or an AsyncIterable. */
export interface EventStream extends Observable<EngineEvent>, AsyncIterable<EngineEvent> {
  /** Replays what was committed after `seq`, then goes on live: no gap, no repeat. */
  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent>
  /** What was committed after `seq`, then ends. */
  past(seq: number): Iterable<EngineEvent>
}

/** The engine that owns a root. */
export interface Engine extends AsyncDisposable {
  readonly root: string
  readonly runRoot: string
  readonly events: EventStream
  /** A consistent list, and the sequence number to follow from. */
  snapshot(): { containers: ContainerInfo[]; seq: number }
  create(options: CreateOptions, call?: CallOptions): Promise<Container>
  /** By id, unique start of an id, or name. Throws NotFoundError. */
  get(idOrName: string): Container
  /** Also finds the last exit record of a container that is gone. Throws NotFoundError. */
  exitRecord(idOrName: string, generation?: number): ExitRecord
  /** Lets go of the root. Containers live on. */
  close(): Promise<void>
}
