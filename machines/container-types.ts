/** The words of the container chart: its events, its context, and what its effects take and give. Data only. */

/** A process that can be told from a later one with the same pid. */
export interface ProcessFacts {
  pid: number
  /** Clock ticks since boot. */
  startTime: string
  bootId: string
}

/**
 * Why a run ended.
 * - `exited`: the process ended by itself
 * - `signalled`: a signal ended it that no `stop` had asked for
 * - `stopped-by-user`: it ended while a `stop` was under way, or a forced removal
 * - `oom`: the kernel killed it for memory
 * - `monitor-lost`: conmon died first, so nobody learnt the exit code; `code` is −1
 * - `host-restart`: the machine was restarted under it; `code` is −1
 * - `create-failed`: the runtime never had a process; `code` is −1
 * - `checkpointed`: its processes were written to disk and ended; it can be restored
 */
export type ExitCause =
  | 'exited'
  | 'signalled'
  | 'stopped-by-user'
  | 'oom'
  | 'monitor-lost'
  | 'host-restart'
  | 'create-failed'
  | 'checkpointed'

/** What a witness of an exit saw. */
export interface ExitEvidence {
  /** 0–255, 128+n for a signal, −1 where no evidence exists. */
  code: number
  oomKilled: boolean
  /** ISO 8601. */
  finishedAt: string
  /** Given where the witness knows more than the code says. */
  cause?: ExitCause | undefined
  /** Milliseconds of CPU that the run has used; null, or left out, where nobody knows. */
  cpuMs?: number | null | undefined
  /** The most memory that it had in use at once, in bytes; null, or left out, where nobody knows. */
  memoryPeak?: number | null | undefined
}

/** An exit as the chart concluded it. */
export interface Exit extends ExitEvidence {
  cause: ExitCause
}

/** One signal of a stop, and the time that a container has to end by it. */
export interface StopStage {
  /** Signal number. */
  signal: number
  /** Milliseconds until the next stage, and after the last until SIGKILL; 0 means at once. At most 2³¹−1. */
  graceMs: number
}

/** How a container is asked to end: the stage that it is at. */
export interface StopRequest extends StopStage {
  /** The stages that follow; left out where SIGKILL does. */
  next?: readonly StopStage[] | undefined
}

/** Which image of a container's processes CRIU is to write or to read, and how. */
export interface ImageRequest {
  /** Absolute; the directory of CRIU's files. */
  imagePath: string
  /** Whether open TCP connections are part of it; without, they make it fail. */
  tcpEstablished: boolean
}

/** What the store knew of a container when its engine opened. */
export interface KnownContainer {
  state: string
  generation: number
  process?: ProcessFacts | undefined
  monitor?: ProcessFacts | undefined
  exit?: Exit | undefined
  /** A stop that was under way. */
  stop?: StopRequest | undefined
}

/** What each actor of the chart starts with. */
export interface ContainerInput {
  id: string
  /** Left out for a container that is new. */
  known?: KnownContainer | undefined
}

/** The chart's memory. */
export interface ContainerContext {
  readonly id: string
  /** Number of the present run, or of the last one. */
  readonly generation: number
  readonly process: ProcessFacts | undefined
  /** undefined also for a run that goes on without it. */
  readonly monitor: ProcessFacts | undefined
  readonly exit: Exit | undefined
  /** A stop was asked for and its exit has not been seen. */
  readonly stop: StopRequest | undefined
  /** To be started again as soon as it has been cleaned up, or created. */
  readonly startAsked: boolean
  /** To be removed as soon as it is out of the runtime. */
  readonly removeAsked: boolean
  /** What the last failed effect threw; cleared by the next command. */
  readonly failure: unknown
  /** Set until the world has been asked for the first time. */
  readonly known: KnownContainer | undefined
}

/** A command: imperative. The engine asks the chart whether its state takes it, and refuses it otherwise. */
export type ContainerCommand =
  | { type: 'create' }
  | { type: 'start' }
  | ({ type: 'stop' } & StopRequest)
  | { type: 'kill'; signal: number /** Tells the caller's request from another's. */; request: number }
  | { type: 'pause' }
  | { type: 'resume' }
  | ({ type: 'checkpoint'; leaveRunning: boolean } & ImageRequest)
  | ({ type: 'restore' } & ImageRequest)
  | { type: 'cleanup' }
  | { type: 'remove'; force: boolean }
  /** Holds what is known against the world. */
  | { type: 'refresh' }

/** An observation: past. */
export type ContainerObservation =
  | { type: 'exit.observed'; generation: number; evidence: ExitEvidence }
  /** `kept`: somebody else tells of the exit now, and the container goes on without it. */
  | { type: 'monitor.lost'; generation: number; kept: boolean }

export type ContainerEvent = ContainerCommand | ContainerObservation

/** The names of the commands, in the order in which a refusal lists them. */
export const CONTAINER_COMMANDS = [
  'create',
  'start',
  'stop',
  'kill',
  'pause',
  'resume',
  'checkpoint',
  'restore',
  'cleanup',
  'remove',
  'refresh',
] as const satisfies readonly ContainerCommand['type'][]

/** What an effect on one run of a container takes. */
export interface RunInput {
  id: string
  generation: number
}

/** A signal to deliver. */
export interface SignalInput extends RunInput {
  signal: number
  /** To every process of the container, not only the first. */
  all: boolean
  /** The `kill` command that asked; left out where the chart itself did. */
  request?: number | undefined
}

/** What `checkpointContainer` takes. */
export interface CheckpointInput extends RunInput, ImageRequest {
  leaveRunning: boolean
}

/** What `checkpointContainer` gives. */
export interface Checkpointed {
  /** Whether the processes run on; else they have been ended, and their exit is on the way. */
  leftRunning: boolean
}

/** What `restoreContainer` takes. */
export type RestoreInput = RunInput & ImageRequest

/** What `createContainer` and `restoreContainer` give. */
export interface CreatedFacts {
  process: ProcessFacts
  monitor: ProcessFacts
}

/** What `reconcile` takes: all that is known, to be held against the world. */
export interface ReconcileInput extends RunInput {
  /** The state last committed, where the engine has just opened; left out where it is in doubt since. */
  known: KnownContainer | undefined
  process: ProcessFacts | undefined
  monitor: ProcessFacts | undefined
}

/** What the world said. */
export type Reconciled =
  | {
      found: 'created' | 'running' | 'paused'
      process: ProcessFacts
      /** undefined where it is gone, and the container goes on without it. */
      monitor: ProcessFacts | undefined
    }
  /** The run is over. Without evidence the exit already known stands. */
  | { found: 'ended'; evidence?: ExitEvidence | undefined }
  /** The run never came to be; `failure` says why. */
  | { found: 'absent'; failure: unknown }
  /** A removal was under way. */
  | { found: 'removing' }
