/**
 * Kills engines at random, and looks whether the next one knows what is true.
 *
 *     npm run test:crash -- --rounds 2000 --seed 1
 *
 * Round n has the seed S + n: a round that failed is repeated by its own seed and `--rounds 1`.
 */
import { parseArgs } from 'node:util'
import { faultTable } from '../table.ts'
import { runRounds, type Tally } from './rounds.ts'

const USAGE = `Kills engines at random instants, and looks whether the next one knows what is true.

  npm run test:crash -- [--rounds N] [--seed S]

  --rounds N  how many rounds (200)
  --seed S    the first round's seed; the next has the next one (random)`

/** Problems that were told. */
let printed = 0

const { rounds, seed } = readArguments()
console.log(`${rounds} rounds from seed ${seed}`)
const interruption = new AbortController()
process.once('SIGINT', () => {
  console.log('ends after the rounds that are under way')
  interruption.abort()
})
const tally = await runRounds(rounds, seed, progress, interruption.signal)
console.log(`\n${faultTable(tableOf(tally))}\n`)
console.log(
  tally.problems.length === 0 ? 'all of it was true' : `${tally.problems.length} things were not true`,
)
process.exitCode = tally.problems.length === 0 && tally.deaths > 0 ? 0 : 1

function readArguments(): { rounds: number; seed: number } {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '200' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      console.log(USAGE)
      process.exit(0)
    }
    return { rounds: wholeNumber('rounds', values.rounds), seed: wholeNumber('seed', values.seed) }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name} takes a whole number, not ${JSON.stringify(text)}`)
}

function progress({ rounds: done, deaths, problems }: Readonly<Tally>): void {
  for (const problem of problems.slice(printed)) console.log(problem)
  printed = problems.length
  if (done % 50 === 0) console.log(`${done} rounds, ${deaths} engines killed, ${problems.length} problems`)
}

function tableOf({ rounds: done, deaths, monitors, containers, events }: Tally) {
  const held = `${containers} containers and ${events} events after ${done} rounds are true`
  return [
    { fault: 'engine killed at a random instant', times: deaths, held },
    { fault: 'its conmon killed with it', times: monitors, held: 'the exit is on record, the rest is true' },
  ]
}
