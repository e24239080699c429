/** What a series of measurements comes to. */
export interface Summary {
  count: number
  min: number
  p25: number
  median: number
  p75: number
  p99: number
  max: number
}

/**
 * The value below which that part of the samples lies, between two of them where it falls so (as R's type 7 and numpy).
 *
 * @param part 0–1
 * @throws RangeError where there are no samples
 */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  if (below === undefined || above === undefined) throw new RangeError('there are no samples')
  return below + (above - below) * (at - Math.floor(at))
}

/** The middle one; see {@link quantile}. */
export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** @throws RangeError where there are no samples */
export const summary = (samples: readonly number[]): Summary => ({
  count: samples.length,
  min: quantile(samples, 0),
  p25: quantile(samples, 0.25),
  median: median(samples),
  p75: quantile(samples, 0.75),
  p99: quantile(samples, 0.99),
  max: quantile(samples, 1),
})

/**
 * How many times as large the one is as the other, round by round: what slows the machine for a while slows both, and
 * so falls out.
 */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  if (of.length !== to.length)
    throw new RangeError(`${of.length} rounds of the one, ${to.length} of the other`)
  return of.map((value, round) => value / (to[round] as number))
}
