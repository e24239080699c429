/**
 * Runs the tests of the charts on each mutant of them, and tells which ones no test has noticed.
 *
 *     npm run test:mutation -- [--sample COUNT] [--seed NUMBER] [--only PART-OF-A-NAME]
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { EQUIVALENT } from './equivalent.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { isNoticed } from './run.ts'
import { shuffled } from './shuffled.ts'

const FILES = ['container', 'exec', 'health', 'restart', 'shared'].map((name) => `machines/${name}.ts`)
/** Of a hundred mutants so many have to be noticed. */
const WANTED = 90

const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

const all = FILES.flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')))
for (const name of Object.keys(EQUIVALENT)) {
  const count = all.filter((mutant) => mutant.name === name).length
  if (count !== 1) throw new Error(`equivalent.ts has ${name}, of which there are ${count}`)
}
const chosen = all.filter(({ name }) => name.includes(values.only) && !(name in EQUIVALENT))
const mutants = shuffled(chosen, Number(values.seed)).slice(0, Number(values.sample ?? chosen.length))
console.log(
  `${mutants.length} of ${all.length} mutants; ${Object.keys(EQUIVALENT).length} behave as the charts do`,
)

const survivors: Mutant[] = []
const [run, killed] = [new Map<string, number>(), new Map<string, number>()]
const count = (counts: Map<string, number>, { file }: Mutant): unknown =>
  counts.set(file, (counts.get(file) ?? 0) + 1)
const limit = pLimit(availableParallelism())
await Promise.all(
  mutants.map((mutant) =>
    limit(async () => {
      const noticed = await isNoticed(mutant)
      count(run, mutant)
      if (noticed) count(killed, mutant)
      else {
        survivors.push(mutant)
        const line = readFileSync(mutant.file, 'utf8').slice(0, mutant.start).split('\n').length
        console.log(`survived: ${mutant.name} (line ${line})`)
      }
    }),
  ),
)
for (const [file, of] of run) console.log(`${file}: ${killed.get(file) ?? 0} of ${of}`)
const score = (100 * (mutants.length - survivors.length)) / mutants.length
console.log(
  `mutation: ${mutants.length - survivors.length} of ${mutants.length} were noticed, ${score.toFixed(1)} %`,
)
if (score < WANTED) process.exitCode = 1
