import type { Bench } from './bench.ts'
import { type Contender, interleaved } from './rounds.ts'
import type { Series } from './row.ts'

/** How many rounds count, and how many come before them. */
type Rounds = Record<'rounds' | 'warmUp', number>

/** What contenders that measure milliseconds have come to. */
export interface InTurn {
  /** The samples of one; none where it took no part. */
  of(name: string): number[]
  readonly series: Series[]
}

/** Has each of them measured once in every round, and says which round it is. */
export async function inTurn(
  bench: Bench,
  contenders: readonly Contender[],
  rounds: Rounds,
): Promise<InTurn> {
  const measured = await interleaved(contenders, {
    ...rounds,
    signal: bench.signal,
    onRound: (round) => bench.progress(`round ${round + 1}`),
  })
  const of = (name: string): number[] => measured.get(name) ?? []
  return { of, series: contenders.map(({ name }) => ({ name, unit: 'ms', samples: of(name) })) }
}
