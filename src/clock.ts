/** Time as an engine and its charts know it. XState takes it for a clock of its own. */
export interface Clock {
  now(): Date
  /** Gives what `clearTimeout` takes. */
  setTimeout(work: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** Time as it passes. */
export const realClock: Clock = {
  now: () => new Date(),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
}

/** The time now, in ISO 8601. */
export const timestamp = (clock: Clock): string => clock.now().toISOString()
