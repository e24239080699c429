/** The shapes of what an engine does with a container by itself. All of them are JSON-safe. */
import type { RestartPolicyName, RestartState } from '../machines/restart-types.ts'

export type { RestartPolicyName, RestartState }

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
