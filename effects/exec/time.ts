import { setTimeout as delay } from 'node:timers/promises'
import { settleInTime } from '../process/in-time.ts'
import type { Limiter } from '../process/limiter.ts'
import type { BaseProcess } from './process-spec.ts'

/** How a session is started. */
export interface ExecCall {
  /** Undoes the start; once it has resolved this does nothing more. */
  signal?: AbortSignal | undefined
  /** Milliseconds until the command must run; 30,000 where left out. */
  timeoutMs?: number | undefined
  /** Bounds how many starts run at once. */
  limit: Limiter
  /** The container's own process, where {@link ExecOptions} leaves something to it. */
  base: BaseProcess
}

const DEFAULT_TIMEOUT_MS = 30_000

const FINISH_MS = 1_000

/**
 * Waits a second for a runtime at work. One that is killed halfway leaves a command behind whose number nobody
 * knows.
 */
export async function letFinish(work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const late = delay(FINISH_MS, undefined, { signal: timer.signal }).catch(() => {})
  await Promise.race([work.catch(() => {}), late])
  timer.abort()
}

/** The time of a start was up. */
export class TimedOut extends Error {}

/** Rejects with the signal's reason, or with TimedOut; the work goes on. */
export function withinTime<T>(work: Promise<T>, call: ExecCall): Promise<T> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = call
  return settleInTime(work, { signal, timeoutMs, late: () => new TimedOut() })
}
