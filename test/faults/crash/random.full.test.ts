import { expect, test } from 'vitest'
import { recordFault } from '../record.ts'
import { runRounds } from './rounds.ts'

const ROUNDS = 200

test('an engine killed at random instants, also while it recovers, is followed by one that knows what is true', async () => {
  const seed = Math.floor(Math.random() * 1e9)
  console.log(`${ROUNDS} rounds from seed ${seed}`)
  const tally = await runRounds(ROUNDS, seed, () => {})
  // In its message: where the run's report is all that there is, it says what was not true.
  if (tally.problems.length > 0) throw new Error(tally.problems.join(' · ').replaceAll('\n', ' '))
  // A plan may be over before its engine's time has come.
  expect(tally.deaths).toBeGreaterThan(ROUNDS)
  expect(tally.monitors).toBeGreaterThan(0)
  recordFault('engine killed at a random instant', 'what the next engine says is true', tally.deaths)
  recordFault('conmon killed with its engine', 'the exit is on record, the rest is true', tally.monitors)
}, 1_200_000)
