/** The words of the health chart: its events, its context, and what its effect takes and gives. Data only. */
import type { RunInput } from './container-types.ts'

/** How a container's health is asked for: a command that is run in it again and again, the probe. */
export interface HealthCheck {
  /** Milliseconds from the start, and from the end of each probe, to the next one. */
  intervalMs: number
  /** Milliseconds after which a probe is stopped, and has failed. */
  timeoutMs: number
  /** Milliseconds in which probes that fail do not count. The first that passes ends it. */
  startPeriodMs: number
  /** How many probes have to fail in a row; at least 1. */
  retries: number
}

/** Docker's. */
export const DEFAULT_HEALTH_CHECK: HealthCheck = {
  intervalMs: 30_000,
  timeoutMs: 30_000,
  startPeriodMs: 0,
  retries: 3,
}

/** How many results are kept. */
export const KEPT_PROBE_RESULTS = 5
/** Characters that are kept of what a probe has printed. */
export const KEPT_PROBE_OUTPUT = 4096

export const HEALTH_STATES = ['starting', 'healthy', 'unhealthy'] as const

export type HealthState = (typeof HEALTH_STATES)[number]

/** One probe that is over. */
export interface ProbeResult {
  /** 0 for one that has passed; −1 where there is none, since it was stopped or could not be run. */
  exitCode: number
  /** The beginning of what it printed, or why it could not be run. */
  output: string
  /** undefined where it could not be run. */
  durationMs: number | undefined
  timedOut: boolean
}

/** What the store knew of a run's health when its engine opened. */
export interface KnownHealth {
  state: HealthState
  failingStreak: number
  results: readonly ProbeResult[]
}

/** What each actor of the chart starts with. */
export interface HealthInput extends RunInput {
  /** What is left out is {@link DEFAULT_HEALTH_CHECK}'s. For a run that is known, what is left of its start period. */
  check: { [Part in keyof HealthCheck]?: HealthCheck[Part] | undefined }
  /** Left out for a run that has only just begun. */
  known?: KnownHealth | undefined
}

/** The chart's memory. */
export interface HealthContext {
  readonly id: string
  readonly generation: number
  readonly check: HealthCheck
  /** Whether a probe that begins now, and fails, does not count. */
  readonly inStartPeriod: boolean
  /** Whether the probe under way counts if it fails. */
  readonly probeCounts: boolean
  /** The probes in a row that have failed, and count. */
  readonly failingStreak: number
  /** The last ones, the newest last. */
  readonly results: readonly ProbeResult[]
  /** What it began with. */
  readonly known: KnownHealth | undefined
}

/** An observation: past. */
export type HealthEvent =
  /** No command can be run in it, as long as its own process is frozen, or is being stopped. */
  | { type: 'container.paused' }
  | { type: 'container.resumed' }
  | { type: 'container.exited'; generation: number }

/** What `probe` gives for a command that has ended by itself; one that could not be run is a failure. */
export interface Probed {
  /** 0–255. */
  exitCode: number
  /** At most {@link KEPT_PROBE_OUTPUT} characters of it are kept. */
  output: string
  durationMs: number
}
