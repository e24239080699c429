import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { expect, vi } from 'vitest'
import { recordFault } from '../record.ts'

/** How many cases a property is tried on; one that was tried on fewer has not been shown. */
export const CASES = 100_000

/** A machine with much else to do takes its time. */
vi.setConfig({ testTimeout: 600_000 })

/** The variable with the seed of every property, so that a failure can be had again. */
const SEED_VARIABLE = 'RUNCHART_TEST_SEED'

/** What became of a case. */
export type Outcome = 'taken' | 'refused'

/** Of a hundred cases, how many are taken, and refused, at least. */
const FEWEST = 5

/** What is tried, and what is claimed of it. */
export interface Property<T> {
  /** The input, as the table of faults has it. */
  input: string
  /** What holds for each case, as the table of faults has it. */
  held: string
  cases: fc.Arbitrary<T>
  /**
   * Throws where the claim is not true of a case. Where a case may be taken or refused, gives which: cases that are
   * nearly all of one kind would show little.
   */
  check: ((value: T) => Outcome) | ((value: T) => void)
}

/**
 * Tries a property on {@link CASES} cases, and prints the seed and the number of them. A failure says the smallest
 * case that was found, and the seed: with `RUNCHART_TEST_SEED` set to it the same cases come again.
 */
export function holdsForAll<T>({ input, held, cases, check }: Property<T>): void {
  const seed = readSeed()
  const counts = { taken: 0, refused: 0 }
  const property = fc.property(cases, (value) => {
    const outcome = check(value)
    if (outcome) counts[outcome] += 1
  })
  const details = fc.check(property, { seed, numRuns: CASES, endOnFailure: false })
  const kinds =
    counts.taken + counts.refused === 0 ? '' : ` (${counts.taken} taken, ${counts.refused} refused)`
  console.log(`${input}: ${details.numRuns} cases${kinds}, ${SEED_VARIABLE}=${details.seed}`)
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance })
  expect(details.numRuns).toBeGreaterThanOrEqual(CASES)
  assertMixed(counts)
  recordFault(input, held, details.numRuns)
}

function assertMixed({ taken, refused }: Record<Outcome, number>): void {
  if (taken + refused === 0) return
  expect(Math.min(taken, refused), `${taken} taken, ${refused} refused`).toBeGreaterThan(
    (CASES * FEWEST) / 100,
  )
}

function readSeed(): number {
  const given = process.env[SEED_VARIABLE]
  if (given === undefined || given === '') return randomInt(2 ** 31)
  if (/^-?\d{1,10}$/.test(given)) return Number(given)
  throw new Error(`${SEED_VARIABLE} is ${JSON.stringify(given)}, and no number`)
}

/** A claim within a property; some of them are made a million times, for which `expect` takes too long. */
export function claim(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Error(`not true: ${what}`)
}

/** What work gave, or the Error that it threw; anything else that is thrown is a failure. */
export function outcomeOf<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    claim(error instanceof Error, 'what is thrown is an Error')
    return error
  }
}

/** Whether a message can stand on a terminal: one line of text, and not longer than anybody reads. */
export function isPresentable(message: string): boolean {
  return message.length < 1_000 && !/\p{Cc}/u.test(message)
}
