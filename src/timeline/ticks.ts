const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What a person counts time in, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
]

/** A place on a time axis. */
export interface Tick {
  /** Milliseconds since 1970. */
  at: number
  /** The time in UTC, as exactly as its axis needs. */
  label: string
}

/** Round times from one to another, both in milliseconds since 1970: as many as there is room for, or fewer. */
export function ticksOf(from: number, to: number, room: number): Tick[] {
  const least = (to - from) / room
  // Beyond all steps, whole days as many as it takes.
  const step = STEPS.find((one) => one >= least) ?? Math.ceil(least / DAY) * DAY
  const ticks: Tick[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step)
    ticks.push({ at, label: label(at, step) })
  return ticks
}

function label(at: number, step: number): string {
  const iso = new Date(at).toISOString()
  if (step >= DAY) return iso.slice(0, 10)
  if (step >= HOUR) return iso.slice(5, 16).replace('T', ' ')
  return step >= MINUTE ? iso.slice(11, 16) : iso.slice(11, step >= SECOND ? 19 : 23)
}
