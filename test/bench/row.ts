import type { Bench } from './bench.ts'

/** What a number counts. */
export type Unit = 'ms' | 'µs' | 's' | '×' | '/s' | 'KB' | 'MB' | 'calls' | '%'

/** Measurements of one thing, one contender's or one size's. */
export interface Series {
  name: string
  unit: Unit
  samples: number[]
}

/** What is claimed, and what was measured of it. */
export interface Claim {
  what: string
  measured: number
  unit: Unit
  /** At most that, or at least. */
  bound: 'most' | 'least'
  limit: number
}

/** Series that are drawn in one picture. */
export interface Group {
  title: string
  series: Series[]
}

/** What a row has come to. */
export interface Measured {
  groups: Group[]
  claims: Claim[]
  /** Sentences: what was measured how, what was left out and why. */
  notes?: string[]
}

/** One thing that is measured. */
export interface Row {
  number: number
  title: string
  /** What the figures are to be, in words. */
  aim: string
  measure(bench: Bench): Promise<Measured>
}

/** Whether a claim holds. */
export const holds = ({ measured, bound, limit }: Claim): boolean =>
  bound === 'most' ? measured <= limit : measured >= limit
