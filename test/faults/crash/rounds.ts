import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { testPlace } from '../../fixtures/engine.ts'
import { randomRound } from './random.ts'
import { type Outcome, roundPlace, runRound } from './round.ts'

/** What came of many rounds. */
export interface Tally {
  rounds: number
  /** Engines killed. */
  deaths: number
  /** conmons killed at the same instant as their engine. */
  monitors: number
  /** Containers and events that were looked at after the crashes. */
  containers: number
  events: number
  /** What was not true, each with the command that does the round again. */
  problems: string[]
}

/** Rounds at once: an engine waits for its programs most of the time. */
const AT_ONCE = 3

/**
 * Runs rounds whose seeds are `seed`, `seed + 1` and so on.
 *
 * @param tell hears of the tally after each round
 * @param signal ends it after the rounds that are under way
 */
export async function runRounds(
  rounds: number,
  seed: number,
  tell: (tally: Readonly<Tally>) => void,
  signal?: AbortSignal,
): Promise<Tally> {
  await using place = await testPlace()
  const tally: Tally = { rounds: 0, deaths: 0, monitors: 0, containers: 0, events: 0, problems: [] }
  let next = seed
  const work = async (): Promise<void> => {
    while (next < seed + rounds && signal?.aborted !== true) {
      await runOne(place, next++, tally)
      tell(tally)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return tally
}

async function runOne(place: { path: string; rootfs: string }, seed: number, tally: Tally): Promise<void> {
  const { plan, deaths } = randomRound(seed)
  const name = `round-${seed}`
  const again = `npm run test:crash -- --rounds 1 --seed ${seed}`
  tally.rounds += 1
  let outcome: Outcome
  try {
    outcome = await runRound(roundPlace(place.path, name, place.rootfs), plan, deaths)
  } catch (error) {
    tally.problems.push(`${again}: ${(error as Error).stack}`)
    return
  }
  tally.deaths += outcome.deaths
  tally.monitors += outcome.monitors
  tally.containers += outcome.containers
  tally.events += outcome.events
  tally.problems.push(...outcome.problems.map((problem) => `${again}: ${problem}`))
  if (outcome.problems.length === 0) rmSync(join(place.path, name), { recursive: true })
}
