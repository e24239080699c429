/** Numbers from 0 up to 1, such as Math.random gives. */
export type Random = () => number

/** Puts into an order in which each is as likely as any other (Fisher–Yates); what is given stays as it is. */
export function shuffled<T>(items: readonly T[], random: Random = Math.random): T[] {
  const left = [...items]
  return Array.from(items, () => left.splice(Math.floor(random() * left.length), 1)[0] as T)
}

/** What is measured beside others: each call gives one sample. */
export interface Contender {
  name: string
  measure: () => Promise<number>
}

/** How rounds go. */
export interface RoundsOptions {
  rounds: number
  /** Rounds before the first that counts. */
  warmUp?: number | undefined
  signal?: AbortSignal | undefined
  onRound?: ((round: number) => void) | undefined
  random?: Random | undefined
}

/**
 * Has each contender measured once in each round, in an order of its own. The n-th sample of each is of the n-th round.
 */
export async function interleaved(
  contenders: readonly Contender[],
  { rounds, warmUp = 0, signal, onRound, random }: RoundsOptions,
): Promise<Map<string, number[]>> {
  const samples = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let round = -warmUp; round < rounds; round += 1) {
    onRound?.(round)
    for (const { name, measure } of shuffled(contenders, random)) {
      signal?.throwIfAborted()
      const sample = await measure()
      if (round >= 0) samples.get(name)?.push(sample)
    }
  }
  return samples
}
