import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { assertHistory, type Bench } from './bench.ts'
import { commands, type Real } from './commands.ts'

/** The variable with the seed, so that the same sequences come again. */
const SEED_VARIABLE = 'RUNCHART_TEST_SEED'

/**
 * Runs random sequences of commands on a bench and holds each step against the model. A failure has the smallest
 * sequence that was found, and the seed.
 *
 * @returns how many lives of containers that were
 */
export async function holdsForAllSequences(
  bench: () => Promise<Bench>,
  { runs, length, seed = anySeed() }: { runs: number; length: number; seed?: number },
): Promise<number> {
  let [cases, lives] = [0, 0]
  const property = fc.asyncProperty(commands(length), async (sequence) => {
    cases += 1
    const real = await realOf(await bench(), `m${cases}`)
    try {
      await fc.asyncModelRun(() => ({ model: new Map(), real }), sequence)
      assertHistory(real.bench.engine, real.since, real.all)
      lives += real.all.reduce((sum, { generation }) => sum + generation, 0)
    } finally {
      for (const container of real.all) {
        if (container.state !== 'removed') await container.remove({ force: true }).catch(() => {})
      }
    }
  })
  const details = await fc.check(property, { seed, numRuns: runs, endOnFailure: false })
  console.log(`model: ${details.numRuns} sequences, ${lives} lives, ${SEED_VARIABLE}=${details.seed}`)
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance })
  return lives
}

function anySeed(): number {
  const given = process.env[SEED_VARIABLE]
  return given === undefined || given === '' ? randomInt(2 ** 31) : Number(given)
}

async function realOf(bench: Bench, prefix: string): Promise<Real> {
  const since = bench.engine.snapshot().seq
  return { bench, prefix, since, containers: new Map(), all: [] }
}
