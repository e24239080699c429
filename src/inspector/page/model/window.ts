/** The part of time that the timeline shows; milliseconds since 1970. */
export interface TimeWindow {
  from: number
  to: number
}

/** Neither so short nor so long that nothing is to be seen; in milliseconds. */
const LEAST = 5
const MOST = 30 * 86_400_000

/** Nearer by a factor above 1, farther by one below; the moment `around` stays where it is. */
export function zoomed({ from, to }: TimeWindow, factor: number, around: number): TimeWindow {
  const length = Math.min(MOST, Math.max(LEAST, (to - from) / factor))
  const before = to === from ? 1 : (around - from) / (to - from)
  return { from: around - before * length, to: around + (1 - before) * length }
}

/** Later by a share of its length; earlier by one below 0. */
export function panned({ from, to }: TimeWindow, share: number): TimeWindow {
  const by = (to - from) * share
  return { from: from + by, to: to + by }
}

/** Of the same length, ending then. */
export function endingAt({ from, to }: TimeWindow, end: number): TimeWindow {
  return { from: end - (to - from), to: end }
}
