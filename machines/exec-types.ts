/** The words of the exec chart: its events, its context, and what its effects take and give. Data only. */
import type { ProcessFacts, StopRequest } from './container-types.ts'

/**
 * Why a session ended.
 * - `exited`: its process ended by itself
 * - `signalled`: a signal ended it that no `stop` had asked for
 * - `stopped`: it ended while a `stop` was under way
 * - `monitor-lost`: whatever would have told its exit died first, so it was ended; `code` is −1
 */
export type ExecExitCause = 'exited' | 'signalled' | 'stopped' | 'monitor-lost'

/** A session's exit as the chart concluded it. */
export interface ExecExit {
  /** 0–255, 128+n for a signal, −1 where no evidence exists. */
  code: number
  cause: ExecExitCause
}

/** What each actor of the chart starts with. */
export interface ExecInput {
  /** The session's. */
  id: string
  containerId: string
  /** An earlier engine had begun it: the world is asked what has become of it. */
  known?: { process: ProcessFacts | undefined } | undefined
}

/** The chart's memory. */
export interface ExecContext {
  readonly id: string
  readonly containerId: string
  /** Whether an earlier engine had begun it. */
  readonly isKnown: boolean
  /** undefined too where it had ended before it could be looked at. */
  readonly process: ProcessFacts | undefined
  readonly stop: StopRequest | undefined
  readonly exit: ExecExit | undefined
  /** What the last failed effect threw; cleared by the next command. */
  readonly failure: unknown
}

/** A command: imperative. */
export type ExecCommand =
  | { type: 'start' }
  | ({ type: 'stop' } & StopRequest)
  | { type: 'kill'; signal: number; request: number }

/** An observation: past. */
export type ExecObservation = { type: 'exit.observed'; code: number } | { type: 'monitor.lost' }

export type ExecEvent = ExecCommand | ExecObservation

/** What an effect on a session takes. */
export interface ExecRunInput {
  id: string
  containerId: string
  process: ProcessFacts | undefined
}

/** A signal to a session's process; SIGKILL goes to its whole process group. */
export interface ExecSignalInput extends ExecRunInput {
  signal: number
  /** The `kill` command that asked; left out where the chart itself did. */
  request?: number | undefined
}

/** What `startSession` gives: the process, where it still lived when it was looked at. */
export interface StartedSession {
  process: ProcessFacts | undefined
}

/** What the world says of a session that an earlier engine had begun. */
export type FoundSession =
  /** It lives, and its exit will be told. */
  | { found: 'running'; process: ProcessFacts | undefined }
  /** It lives, but nobody would tell its exit. */
  | { found: 'unwatched'; process: ProcessFacts | undefined }
  /** −1 where no evidence exists. */
  | { found: 'ended'; code: number }
