/** The shapes of what an engine does with a container by itself. All of them are JSON-safe. */
import type { HealthState as HealthStatus, ProbeResult } from '../machines/health-types.ts'
import type { RestartPolicyName, RestartState } from '../machines/restart-types.ts'

export type { HealthStatus, ProbeResult, RestartPolicyName, RestartState }

/** How long restarts wait: from one to the next ever longer, until a run has lasted. */
export interface BackOffOptions {
  /** Seconds before the first restart; 0.1 where left out. */
  initial?: number | undefined
  /** What each wait is the last one times, at least 1; 2 where left out. */
  factor?: number | undefined
  /** Seconds that no wait is longer than; 60 where left out. */
  cap?: number | undefined
  /** The part of a wait, 0–1, that chance may take off; 0.1 where left out. */
  jitter?: number | undefined
  /** Seconds after which a run has lasted, so that the next wait is the first one again; 10 where left out. */
  resetAfter?: number | undefined
}

/**
 * When a container that has ended is started again. What the user has stopped, killed or removed is not, and neither is
 * what a checkpoint has ended.
 */
export interface RestartOptions {
  /**
   * - `no`: never
   * - `on-failure`: when its exit code was not 0
   * - `always`: whatever its exit code was; what the user had stopped too, once the machine, or `serve`, was started again
   * - `unless-stopped`: whatever its exit code was
   */
  policy: RestartPolicyName
  /** How often `on-failure` restarts, 0 for ever; for ever where left out. The user's own start counts anew. */
  maxRetries?: number | undefined
  backOff?: BackOffOptions | undefined
}

/** A restart policy: its name, `on-failure:N` with the number of restarts, or all of it. */
export type RestartChoice = RestartPolicyName | `on-failure:${number}` | RestartOptions

/** What is to become of a container that ends. */
export interface RestartInfo {
  policy: RestartPolicyName
  /** null where there is no limit. */
  maxRetries: number | null
  /** `backing-off` while the next restart is put off, `stopped-by-user` where the user wants none. */
  state: RestartState
}

/** A command that is run in a container again and again, to tell whether it works. */
export interface HealthCheckOptions {
  /** argv, as that of `exec`. Exit code 0 says that the container is well. */
  command: string[]
  /** Seconds from the start, and from the end of each run of it, to the next one; 30 where left out. */
  interval?: number | undefined
  /** Seconds after which it is killed, and has failed; 30 where left out. */
  timeout?: number | undefined
  /** How often in a row it has to fail for the container to be unhealthy; 3 where left out. */
  retries?: number | undefined
  /** Seconds from the start in which failures do not count, until the first success; 0 where left out. */
  startPeriod?: number | undefined
}

/** The health of a container's present run, or of its last one. */
export interface HealthInfo {
  /** `starting` until it is known. */
  status: HealthStatus
  /** The failures in a row that count. */
  failingStreak: number
  /** The last five, the newest last. */
  results: ProbeResult[]
}

/** One signal of a stop, and the time that a container has to end by it. */
export interface StopStage {
  /** Name or number. */
  signal: string | number
  /** Seconds, above 0, until the next stage, and after the last until SIGKILL. */
  grace: number
}
