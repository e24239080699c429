/**
 * The shapes of the public API. Everything here is JSON-safe unless it is a handle or an engine,
 * and none of it names an XState type.
 */
import type { Observable } from 'rxjs'
import type { ExitCause } from '../machines/container-types.ts'
import type { CallOptions } from './call-options.ts'
import type { ContainerState, Takes } from './container-states.ts'
import type {
  CollectOptions,
  ExecExitCause,
  ExecInfo,
  ExecResult,
  ExecSession,
  SessionOptions,
  TerminalSize,
} from './exec-types.ts'
import type {
  HealthCheckOptions,
  HealthInfo,
  HealthStatus,
  RestartChoice,
  RestartInfo,
  StopStage,
} from './policy-types.ts'

export * from './call-options.ts'
export * from './container-states.ts'
export * from './exec-types.ts'
export * from './policy-types.ts'
export type { ExitCause }

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
  /** Who asked for this end, as `stop`, `kill` or `remove` was told; null where nobody did, or did not say. */
  by: string | null
  /** ISO 8601; null for a container that was never started. */
  startedAt: string | null
  /** ISO 8601. */
  finishedAt: string
  /** Milliseconds of CPU that the run has used; null where no cgroup of its own tells. */
  cpuMs: number | null
  /** The most memory that it had in use at once, in bytes; null where no cgroup of its own tells. */
  memoryPeak: number | null
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
  /** conmon's process id; null when there is none, as of a container that is kept without. */
  monitorPid: number | null
  /** Runtime's path. */
  runtime: string
  /** The directory that holds the generated or copied config.json. */
  bundle: string
  /** The k8s-file log. */
  logPath: string
  /** Whether its process has a terminal. */
  terminal: boolean
  /** Whether it has a standard input that can be written to; a terminal is one. */
  stdin: boolean
  command: string[]
  stopSignal: string
  /** Seconds. */
  stopTimeout: number
  /** null where a stop is the stop signal and its time. */
  stopStages: { signal: string; grace: number }[] | null
  cgroupManager: 'cgroupfs' | 'systemd'
  ports: PortMapping[]
  /** Whether `ports` stay taken for as long as the container lives. */
  reservePorts: boolean
  /** What conmon runs after each exit; null where it runs nothing. */
  exitCommand: string[] | null
  conmonPidFile: string | null
  /** As it was asked for; null where it was left out. */
  network: 'none' | 'slirp4netns' | null
  /** Whether it goes by itself once it has exited. */
  autoRemove: boolean
  labels: Record<string, string>
  /** What it was created by, where that was given; else null. */
  key: string | null
  /** null where nothing starts it again. */
  restart: RestartInfo | null
  /** How often it has been started again since the user started it. */
  restarts: number
  /** null where nobody asks for it, and before the container runs. */
  health: HealthInfo | null
}

interface EventBase {
  /** Version of this shape. */
  version: 1
  /** Grows by one with each event; skips ahead after the machine was restarted; never goes back. */
  seq: number
  /** ISO 8601. */
  at: string
}

interface ContainerEventBase extends EventBase {
  containerId: string
  name: string
  generation: number
}

/** What happened to no container in particular. */
interface EngineEventBase extends EventBase {
  containerId: null
  name: null
  generation: null
}

/** A transition of a container's chart, committed. */
export interface StateEvent extends ContainerEventBase {
  type: 'state'
  /** null for the first event of a container. */
  from: ContainerState | null
  to: ContainerState
  pid?: number
  exitCode?: number
  /** Where the transition is a failed command's. */
  error?: ErrorRecord
  /** Of `stopping` and `removing`: who asked for it, where the caller said so. */
  by?: string
}

/**
 * A signal is about to be sent to the container's first process, or to all of them. A command whose signal cannot be
 * delivered fails.
 */
export interface SignalEvent extends ContainerEventBase {
  type: 'signal'
  signal: string
  /** Who asked for it, where the caller said so. */
  by?: string
}

/** conmon was gone before it could write an exit file. Told once of each run that loses it. */
export interface MonitorLostEvent extends ContainerEventBase {
  type: 'monitor.lost'
}

/** A command runs in a container. */
export interface ExecStartedEvent extends ContainerEventBase {
  type: 'exec.started'
  sessionId: string
  command: string[]
  detached: boolean
  /** Left out where it was over too soon to be looked at. */
  pid?: number
}

/** A command in a container is over. Those of a run come before the container's own exit. */
export interface ExecExitedEvent extends ContainerEventBase {
  type: 'exec.exited'
  sessionId: string
  exitCode: number
  cause: ExecExitCause
}

/**
 * The exits directory is not watched, or was not for a while, so that an exit may be told late. Told once for each
 * reason, until {@link WatchRestoredEvent} takes it back. No exit is lost by it: each is known by its conmon's end too.
 */
export interface WatchDegradedEvent extends EngineEventBase {
  type: 'watch.degraded'
  /** What is wrong, for people. */
  reason: string
  /** What to do about it; left out where the engine mends it by itself. */
  hint?: string
}

/** The exits directory is watched again, and was looked through since. */
export interface WatchRestoredEvent extends EngineEventBase {
  type: 'watch.restored'
}

/** A run has ended, and the container's policy is going to start it again. */
export interface RestartScheduledEvent extends ContainerEventBase {
  type: 'restart.scheduled'
  /** The restarts in a row, this one included, between which no run has lasted. */
  attempt: number
  /** Milliseconds that it is put off for. */
  delayMs: number
}

/** A container has failed as often as its policy allows. */
export interface RestartGivenUpEvent extends ContainerEventBase {
  type: 'restart.given-up'
  /** How often it was started again. */
  restarts: number
}

/** A container has become healthy, or unhealthy. */
export interface HealthEvent extends ContainerEventBase {
  type: 'health'
  status: HealthStatus
  /** The failures in a row that count. */
  failingStreak: number
}

/**
 * Events that a reader asked for are no longer on record: retention has given them up. No event of the store: it is made
 * up for that reader, in their place, and comes through every filter. Its `seq` is that of the last one that is missing.
 */
export interface EventsDropped extends EngineEventBase {
  type: 'dropped'
  /** The first number that is missing. */
  from: number
  /** The last. */
  to: number
  /** `since` this number there is no gap: what comes after it follows this event. */
  resumeFrom: number
}

/** Which events are wanted: those that have all that is given. */
export interface EventFilter {
  /** By id, the start of one of at least 12 digits, or name; any of several. */
  container?: string | readonly string[] | undefined
  /** Any of several. */
  type?: EngineEvent['type'] | readonly EngineEvent['type'][] | undefined
  /** `NAME=value`, or `NAME` with any value; each of several. The container's labels are meant. */
  label?: string | readonly string[] | undefined
}

/** What `engine.events` carries; a discriminated union on `type`. */
export type EngineEvent =
  | StateEvent
  | SignalEvent
  | MonitorLostEvent
  | ExecStartedEvent
  | ExecExitedEvent
  | RestartScheduledEvent
  | RestartGivenUpEvent
  | HealthEvent
  | WatchDegradedEvent
  | WatchRestoredEvent
  | EventsDropped

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
  /** What a stop sends instead, signal after signal, each with its time; SIGKILL follows the last. */
  stopStages?: StopStage[] | undefined
  /** Gives the process a terminal; as the bundle has it where left out. */
  terminal?: boolean | undefined
  /** Keeps standard input open for whoever attaches; without, it is empty. A terminal has one in any case. */
  stdin?: boolean | undefined
  /** Ports of the host that are the container's. They are bound and kept where ports are reserved. */
  ports?: PortMapping[] | undefined
  /** Whether `ports` stay taken for as long as the container lives; as the engine has it where left out. */
  reservePorts?: boolean | undefined
  /** A program (absolute) and its arguments that conmon runs after each exit; an engine is not needed for it. */
  exitCommand?: string[] | undefined
  /** A file, absolute, that has conmon's process number while the container is in the runtime. */
  conmonPidFile?: string | undefined
  /** Where the container's cgroup goes: an absolute path, or a slice under systemd. */
  cgroupParent?: string | undefined
  /**
   * What its own network namespace is connected to: `none`, nothing, or `slirp4netns`, the host's network as an
   * unprivileged user reaches it. Where left out, a generated spec has none, and a bundle is used as it is. Ports are
   * not reserved with slirp4netns.
   */
  network?: 'none' | 'slirp4netns' | undefined
  /** Who makes its cgroup; as the engine has it where left out. */
  cgroupManager?: 'cgroupfs' | 'systemd' | undefined
  /**
   * Open descriptors of this process that the container's has as 3, 4 and so on. They must stay open until it is
   * created, and conmon keeps them open until its exit. Only the first run has them, for nobody keeps them for a later
   * one. Not beside sockets of a service manager (`LISTEN_FDS`).
   */
  preserveFds?: readonly number[] | undefined
  /**
   * Removes the container once it has exited and nobody reads its log any more; its exit record stays. Whichever engine
   * sees the exit does it. One that was checkpointed is kept, to be restored.
   */
  autoRemove?: boolean | undefined
  /**
   * What its owner wants to find it by; it means nothing to the engine. A name is 1 to 256 printable ASCII characters
   * other than `=`, a value any text; at most 16 KiB in all.
   */
  labels?: Readonly<Record<string, string>> | undefined
  /**
   * Makes `create` one that can be asked again, after a crash or a lost connection: where there is a container of that
   * key, created with the same options, that one is given back as it is; only where its creation was cut off is it made
   * now. 1 to 256 characters, free again once the container is removed. Throws KeyTakenError where the options differ.
   */
  key?: string | undefined
  /** Whether the container is started again when it ends; not beside `autoRemove`. */
  restart?: RestartChoice | undefined
  /** Asks again and again whether it works; nobody does where left out. */
  healthCheck?: HealthCheckOptions | undefined
}

/** A port of the host, and what it leads to in the container. */
export interface PortMapping {
  protocol: 'tcp' | 'udp' | 'sctp'
  /** 1 to 65,535. */
  hostPort: number
  /** A literal address of this machine; all of them, IPv4 and IPv6, where left out. */
  hostIp?: string | undefined
  /** For whoever forwards packets; runchart does not. */
  containerPort?: number | undefined
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

/** Output as it left the container; a terminal's is all `stdout`. */
export interface AttachOutput {
  stream: 'stdout' | 'stderr'
  data: Buffer
}

/** Options of `attach`. */
export interface AttachOptions extends CallOptions {
  /** Whether output is wanted; true where left out. */
  output?: boolean | undefined
  /** Bytes of output that are kept for a reader that is behind; 8 MiB where left out. */
  maxBufferedBytes?: number | undefined
}

/**
 * A container's standard streams, live; what was written before is in its log. It ends with the container, with
 * `detach`, or when its signal aborts, and none of these touches the container.
 */
export interface Attachment extends AsyncDisposable {
  /** Whether the container has a terminal: then all output is `stdout`, and `resize` works. */
  readonly terminal: boolean
  /**
   * What the container writes from now on. Leaving a loop over it leaves the attachment open, and another loop
   * goes on where it was. The container is never made to wait: a reader that is further behind than
   * `maxBufferedBytes` gets what was kept, then AttachError `ESLOWREADER`.
   */
  readonly output: AsyncIterable<AttachOutput>
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>
  /**
   * Writes to standard input; resolves when it is on its way to the container, which makes its writers wait while
   * it does not read. Throws AttachError `ENOSTDIN` where there is none, `EATTACHENDED` after the end.
   */
  write(data: Uint8Array | string, options?: CallOptions): Promise<void>
  /**
   * Ends standard input, for everyone. A terminal has no such end: Ctrl-D is typed. A pipe that nobody ends stays
   * open when an attachment ends, until the engine that fed it closes.
   */
  end(options?: CallOptions): Promise<void>
  /** Throws AttachError `ENOTERMINAL` where there is none. */
  resize(size: TerminalSize, options?: CallOptions): Promise<void>
  /** Ends the attachment. */
  detach(): void
}

/** Options of `restore`. */
export interface RestoreOptions extends CallOptions {
  /** The directory of the checkpoint, absolute; the container's own where left out. */
  imagePath?: string | undefined
  /** Whether TCP connections that were open are part of it; without, they make it fail. */
  tcpEstablished?: boolean | undefined
}

/** Options of `checkpoint`. */
export interface CheckpointOptions extends RestoreOptions {
  leaveRunning?: boolean | undefined
}

/** One process of a container, as the host sees it. */
export interface ProcessInfo {
  pid: number
  /** The parent's. */
  ppid: number
  /** Number of the user. */
  uid: number
  /** ISO 8601. */
  startedAt: string
  /** Milliseconds of CPU that it has used. */
  cpuMs: number
  /** Its argv; the kernel's name of it where it has none. */
  command: string[]
}

/**
 * What can be waited for, and what the wait resolves with.
 * - `running`: the container as it is then; of the run under way, or of the next one where none is
 * - `healthy`: the container, once its health check finds so in the run under way, or in the next one where none is
 * - `exit`: the record of the run under way, or to come where none has been; else of the last one
 * - `next-exit`: the record of the first run whose exit is yet to come; with `generation`, of the first after that run
 * - `removed`: the record of the container's last run; null where none of its runs has ended
 */
export interface WaitResults {
  running: ContainerInfo
  healthy: ContainerInfo
  exit: ExitRecord
  'next-exit': ExitRecord
  removed: ExitRecord | null
}

/** One of the keys of {@link WaitResults}. */
export type WaitCondition = keyof WaitResults

/** Options of `wait`. */
export interface WaitOptions<For extends WaitCondition = WaitCondition> extends CallOptions {
  /** `exit` where left out. */
  for?: For | undefined
  /** The run that is meant, whatever has come of it since; not with `removed`. */
  generation?: number | undefined
  /** Seconds until the wait is given up with a WaitTimeoutError; 0 only looks. Without end where left out. */
  timeout?: number | undefined
}

/** Who asks for the end of a container. */
export interface EndOptions extends CallOptions {
  /** Who asks, in words of the caller's: one line of at most 256 characters. It is put into the exit record. */
  by?: string | undefined
}

/** Options of `stop`. */
export interface StopOptions extends EndOptions {
  /** Seconds between the container's stop signal and SIGKILL, 0 for SIGKILL at once; instead of any stages. */
  timeout?: number | undefined
  /** Signals in their order, each with its time; SIGKILL follows the last. Not beside `timeout`. */
  stages?: readonly StopStage[] | undefined
}

declare const known: unique symbol

/**
 * A handle on one container; handles of one container are interchangeable. Its type may know the state: that of what
 * `start`, `pause` and the like resolve with, and within `if (container.is('running'))`. There a call that the state
 * refuses does not compile. What the type knows was true then; a container may have exited since.
 */
export interface Container<State extends ContainerState = ContainerState> extends AsyncDisposable {
  /** For the compiler alone. */
  readonly [known]?: State
  readonly id: string
  readonly name: string
  /** The committed state. */
  readonly state: ContainerState
  readonly generation: number
  /** Whether the committed state is one of these. */
  is<Asked extends ContainerState>(...states: readonly Asked[]): this is Container<Asked>
  inspect(): ContainerInfo
  /** Makes the runtime container again, after an exit. */
  create(this: Takes<'create', State>, options?: CallOptions): Promise<Container<'created'>>
  start(this: Takes<'start', State>, options?: CallOptions): Promise<Container<'running'>>
  /** As the container was created to be stopped, where nothing is said. */
  stop(this: Takes<'stop', State>, options?: StopOptions): Promise<ExitRecord>
  kill(this: Takes<'kill', State>, signal?: string | number, options?: EndOptions): Promise<void>
  pause(this: Takes<'pause', State>, options?: CallOptions): Promise<Container<'paused'>>
  resume(this: Takes<'resume', State>, options?: CallOptions): Promise<Container<'running'>>
  /**
   * Waits for what {@link WaitResults} lists, the exit of the present run where nothing else is said. What is so already
   * resolves it at once, and no transition is missed between that look and the wait. Rejects with WaitTimeoutError when
   * its time is up, RemovedError where the container goes first, RunchartError `EOVERTAKEN` where a run that was to be
   * running is over.
   */
  wait<For extends WaitCondition = 'exit'>(options?: WaitOptions<For>): Promise<WaitResults[For]>
  /** What was written so far; with `follow` until the container has exited. */
  logs(options?: CallOptions & { follow?: boolean | undefined }): AsyncIterable<LogLine>
  /**
   * Joins a container that is alive; one that is only created too, so that nothing of it is missed. Throws
   * IllegalTransitionError where it is not, AttachError where its conmon does not answer.
   */
  attach(options?: AttachOptions): Promise<Attachment>
  /**
   * Runs a command in a container that is running, to its end, and collects its output: a bounded part of each
   * stream. The command is bound to the call, and is killed with it. Rejects with a RuntimeError, whose `failure`
   * tells why, where the command cannot be run.
   */
  exec(this: Takes<'exec', State>, command: string[], options?: CollectOptions): Promise<ExecResult>
  /** Runs a command with streams, or detached; resolves once it runs. Streams die with the engine, and it with them. */
  execSession(this: Takes<'exec', State>, command: string[], options?: SessionOptions): Promise<ExecSession>
  /** The live sessions, oldest first. */
  execs(): ExecInfo[]
  /**
   * Ends one session, or all: SIGTERM, and SIGKILL after `timeout` seconds, 10 where left out. Only processes that
   * are still the sessions' own are signalled. Throws NotFoundError for a session that is not live.
   */
  execStop(
    options?: CallOptions & { session?: string | undefined; timeout?: number | undefined },
  ): Promise<void>
  /** Sends a signal to one session's process. Throws NotFoundError for a session that is not live. */
  execKill(session: string, signal?: string | number, options?: CallOptions): Promise<void>
  /**
   * Has CRIU write the processes of a running container to disk. They end with that, cause `checkpointed`, and
   * resolve when the container can be restored; with `leaveRunning` they go on. Their standard streams must be pipes
   * or /dev/null. Throws ProgramError where CRIU is missing or the runtime has no checkpoints.
   */
  checkpoint(this: Takes<'checkpoint', State>, options?: CheckpointOptions): Promise<void>
  /**
   * Brings the processes of a checkpoint back, as the next run of a container that has exited. Throws
   * InvalidInputError where there is no checkpoint.
   */
  restore(this: Takes<'restore', State>, options?: RestoreOptions): Promise<Container<'running'>>
  /** Has the runtime let go of one that has exited, where that failed when it was tried by itself. */
  cleanup(options?: CallOptions): Promise<void>
  /** Asks the runtime and the process table what is true, and gives what is known then. */
  refresh(options?: CallOptions): Promise<ContainerInfo>
  /** The processes of one that is alive, its first one first. */
  top(options?: CallOptions): Promise<ProcessInfo[]>
  /** `force` kills a live one first. */
  remove(options?: EndOptions & { force?: boolean | undefined }): Promise<void>
}

/**
 * The ordered, durable stream of what happened. Live as an Observable or an AsyncIterable. It ends when the engine
 * closes, also for a reader that is behind: whoever knows its last number goes on from there with the next engine.
 *
 * The buffer of a reader that is slow is the store: an iterator, and whatever `since` gives, reads it a page at a time,
 * and what retention has given up meanwhile is told in its place, as an {@link EventsDropped}. Subscribers of the live
 * Observable are called with each event as it is committed; nothing is kept for them.
 */
export interface EventStream extends Observable<EngineEvent>, AsyncIterable<EngineEvent> {
  /** The number of the newest event. */
  readonly last: number
  /** Replays what was committed after `seq`, then goes on live: no gap, no repeat. */
  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent>
  /** What was committed after `seq`, then ends. Throws EngineClosedError where the engine closes first. */
  past(seq: number): Iterable<EngineEvent>
  /** The same, live and replayed, without what the filter leaves out. Throws InvalidInputError for what is no filter. */
  filter(filter: EventFilter): EventStream
}

/**
 * The containers as they are now, as a signal has it: `value` when it is asked for, and told when it changes. Who
 * subscribes is told the present set at once, then once for all changes of one turn of the event loop. A container that
 * has not changed is the same, frozen, object as before. It ends when the engine closes, and keeps its last value.
 */
export interface LiveContainers extends Observable<readonly ContainerInfo[]> {
  readonly value: readonly ContainerInfo[]
}

/** What every container of a pool is made of: nothing that can be one container's alone. */
export type PooledOptions = Omit<CreateOptions, 'name' | 'key' | 'preserveFds'>

/** Options of `pool`. */
export interface PoolOptions {
  spec: PooledOptions
  /** How many are kept ready; 1 to 10,000. */
  size: number
}

/**
 * Containers that are created already, so that whoever needs one has only to start it. They are in the engine's list
 * like any other, in the state `created`; one that is started or removed by hand is no longer the pool's, and another
 * takes its place. What is left in a pool goes with it: when it is closed, when its engine closes, and where the engine
 * died, when the next one opens.
 */
export interface Pool extends AsyncDisposable {
  readonly size: number
  /** How many could be taken at this moment without waiting. */
  readonly ready: number
  /**
   * Gives a container that is created, the oldest one that is ready, and has another one made in its place; where none
   * is ready it is waited for. It is the caller's from then on. Rejects with what its creation failed with, with the
   * signal's reason, and with EngineClosedError once the pool is closed.
   */
  take(options?: CallOptions): Promise<Container<'created'>>
  /** Removes what nobody has taken. Those that were taken live on. */
  close(options?: CallOptions): Promise<void>
}

/** The engine that owns a root. */
export interface Engine extends AsyncDisposable {
  readonly root: string
  readonly runRoot: string
  readonly events: EventStream
  /** The containers as they are now, and as they change. */
  readonly containers: LiveContainers
  /** A consistent list, and the sequence number to follow from. */
  snapshot(): { containers: ContainerInfo[]; seq: number }
  create(options: CreateOptions, call?: CallOptions): Promise<Container>
  /**
   * Keeps containers ready to be started; resolves once as many are. Rejects, and leaves nothing, with InvalidInputError
   * for what is no pool, and with what the creation of one failed with.
   *
   * @example
   * await using pool = await engine.pool({ spec: { rootfs, command: ['node', 'worker.js'] }, size: 8 })
   * const worker = await pool.take()
   * await worker.start()
   */
  pool(options: PoolOptions, call?: CallOptions): Promise<Pool>
  /** By id, unique start of an id, or name. Throws NotFoundError. */
  get(idOrName: string): Container
  /** Also finds the last exit record of a container that is gone. Throws NotFoundError. */
  exitRecord(idOrName: string, generation?: number): ExitRecord
  /**
   * As `wait` of a container, also of one that is gone, by its id or its last name, for as long as an exit of its is on
   * record. Rejects with NotFoundError where nothing is known of it.
   */
  wait<For extends WaitCondition = 'exit'>(
    idOrName: string,
    options?: WaitOptions<For>,
  ): Promise<WaitResults[For]>
  /**
   * Lets go of the root; containers live on. Nothing new is taken from now on. What is under way has `timeout` seconds,
   * 10 where left out, to finish; what has not by then is cut off, rejects with EngineClosedError, and is the next
   * engine's to find and to end. Commands attached to containers are killed, detached ones live on, and streams end.
   * Resolves a few seconds after the time at the latest; once begun, it is the same for all who ask.
   *
   * Rejects with InvalidInputError for what is no time, and with StoreError where the last transitions could not be
   * written: the engine is closed then all the same.
   */
  close(options?: CallOptions & { timeout?: number | undefined }): Promise<void>
}
