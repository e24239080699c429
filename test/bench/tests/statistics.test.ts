import { describe, expect, it } from 'vitest'
import { type Contender, interleaved, shuffled } from '../rounds.ts'
import { median, quantile, ratios, summary } from '../statistics.ts'

describe('a summary of samples', () => {
  it('has their middle, and what lies a quarter from each end, between two of them where it falls so', () => {
    expect(summary([4, 1, 3, 2])).toMatchObject({
      count: 4,
      min: 1,
      p25: 1.75,
      median: 2.5,
      p75: 3.25,
      max: 4,
    })
    expect(median([5, 1, 9])).toBe(5)
    expect(quantile([10], 0.99)).toBe(10)
  })

  it('leaves the samples as they are', () => {
    const samples = [3, 1, 2]
    summary(samples)
    expect(samples).toEqual([3, 1, 2])
  })

  it('is refused where there are none', () => {
    expect(() => summary([])).toThrow('there are no samples')
  })
})

describe('ratios', () => {
  it('are taken round by round, so that a slow round of both changes nothing', () => {
    expect(ratios([10, 100, 30], [5, 50, 10])).toEqual([2, 2, 3])
  })

  it('are refused where a round is missing', () => {
    expect(() => ratios([1, 2], [1])).toThrow('2 rounds of the one, 1 of the other')
  })
})

describe('rounds', () => {
  /** A contender that says when it is measured; its n-th sample is n. */
  function contender(name: string, told: string[]): Contender {
    let samples = 0
    return {
      name,
      async measure() {
        told.push(name)
        samples += 1
        return samples
      },
    }
  }

  it('measure each contender once before any is measured again, in an order of each round’s own', async () => {
    const told: string[] = []
    const contenders = ['a', 'b', 'c'].map((name) => contender(name, told))
    const numbers = [0.9, 0.9, 0, 0, 0, 0]
    await interleaved(contenders, { rounds: 2, random: () => numbers.shift() ?? 0 })
    expect(told).toEqual(['c', 'b', 'a', 'a', 'b', 'c'])
  })

  it('keep the samples in the order of the rounds, without those of the warm-up', async () => {
    const samples = await interleaved([contender('a', []), contender('b', [])], { rounds: 3, warmUp: 2 })
    expect(Object.fromEntries(samples)).toEqual({ a: [3, 4, 5], b: [3, 4, 5] })
  })

  it('end between two measurements once they are interrupted', async () => {
    const told: string[] = []
    const interrupted = new AbortController()
    const last: Contender = {
      name: 'b',
      async measure() {
        interrupted.abort()
        return 1
      },
    }
    const rounds = interleaved([last, contender('a', told)], {
      ...{ rounds: 2, random: () => 0, signal: interrupted.signal },
    })
    await expect(rounds).rejects.toThrow('aborted')
    expect(told).toEqual([])
  })

  it('have every contender in them, whatever the numbers are', () => {
    expect(shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
  })
})
