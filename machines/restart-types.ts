/** The words of the restart chart: its events, its context, and what its effect takes. Data only. */
import type { ExitCause, RunInput } from './container-types.ts'

/**
 * When a container that has ended is started again. None starts what the user has stopped, and none what a
 * checkpoint has ended.
 * - `no`: never
 * - `on-failure`: when its exit code was not 0
 * - `always`: whatever its exit code was; what the user had stopped too, once the machine or the service that keeps
 *   the engine has been started again
 * - `unless-stopped`: whatever its exit code was
 */
export type RestartPolicyName = 'no' | 'on-failure' | 'always' | 'unless-stopped'

/** How long a restart waits: from one to the next ever longer, until a run has lasted. */
export interface BackOff {
  /** Milliseconds before the first restart. */
  initialMs: number
  /** What each wait is the last one times; at least 1. */
  factor: number
  /** Milliseconds that no wait is longer than; at least `initialMs`. */
  capMs: number
  /** The part of a wait, 0–1, that chance may take off, so that those that fail together do not return together. */
  jitter: number
  /** Milliseconds after which a run has lasted: the next wait is the first one again. */
  resetAfterMs: number
}

export interface RestartPolicy {
  name: RestartPolicyName
  /** How often `on-failure` restarts; without limit where it is left out, or 0. The user's own start counts anew. */
  maxRetries?: number | undefined
  backoff: BackOff
}

/** The states that are worth keeping, in the order in which a container comes through them. */
export const RESTART_STATES = [
  'idle',
  'starting',
  'running',
  'steady',
  'backing-off',
  'restarting',
  'given-up',
  'stopped-by-user',
] as const

export type RestartState = (typeof RESTART_STATES)[number]

/** What the store knew of a container's restarts when its engine opened. */
export interface KnownRestarts {
  /** `stopped-by-user` is the wish to be stopped. */
  state: RestartState
  generation: number
  attempt: number
  restarts: number
  /**
   * Whether the machine, or the service that keeps the engine, was started again: where `always` starts what the
   * user had stopped. An engine that was opened for one command, or a crash, is no such start.
   */
  afterRestart: boolean
}

/** What each actor of the chart starts with. */
export interface RestartInput {
  /** The container's. */
  id: string
  policy: RestartPolicy
  /** Gives a number from 0 up to 1, as Math.random does; it decides what jitter takes off. */
  random: () => number
  /** Left out for a container that is new. */
  known?: KnownRestarts | undefined
}

/** What of an ended run a policy looks at. */
export interface RunEnd {
  /** 0–255, −1 where no evidence exists. */
  code: number
  cause: ExitCause
}

/** The chart's memory. */
export interface RestartContext {
  readonly id: string
  readonly policy: RestartPolicy
  readonly random: () => number
  /** The newest run that has been heard of; 0 before the first. */
  readonly generation: number
  /** The restarts in a row, this one included, between which no run has lasted. */
  readonly attempt: number
  /** The restarts since the user last started the container: what `maxRetries` limits. */
  readonly restarts: number
  /** Milliseconds that the last restart was put off for. */
  readonly delayMs: number
  /** How the last run ended that was judged. */
  readonly ended: RunEnd | undefined
  /** What the last restart that failed threw; cleared by the next run, and by the user's start. */
  readonly failure: unknown
  /** What it began with. */
  readonly known: KnownRestarts | undefined
}

/** A wish of the user's. */
export type RestartWish = { type: 'start.asked' } | { type: 'stop.asked' }

/** An observation: past. */
export type RestartObservation =
  | { type: 'container.started'; generation: number }
  | ({ type: 'container.exited'; generation: number } & RunEnd)
  | { type: 'container.removed' }

export type RestartEvent = RestartWish | RestartObservation

/** What `restartContainer` takes; `generation` is that of the run before. */
export interface RestartContainerInput extends RunInput {
  /** 1 for the first restart of a row; 0 where what the user had stopped is started after all. */
  attempt: number
}
