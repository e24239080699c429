/**
 * Measures the built package: `npm run bench -- --help`.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { makeBench } from './bench.ts'
import { isHybrid, machine } from './machine.ts'
import { type Results, type RowResult, short, toJson } from './report/results.ts'
import { keepResults } from './report/write.ts'
import { holds, type Measured, type Row } from './row.ts'
import { ROWS } from './rows.ts'
import { summary } from './statistics.ts'

/** Set where this has been tried: there may be another cgroup2 mount. */
const IN_ITS_MOUNTS = 'RUNCHART_BENCH_MOUNTS'

const HELP = `Usage: npm run bench -- [--only ROW[,ROW…]] [--runtime NAME] [--quick] [--json FILE] [--write]

Measures runchart beside what else there is, on this machine, in one run.
It measures the built package, which npm run bench builds first. Whatever is installed
of podman, containerd, docker and runc is measured beside it; none is needed but conmon and
runc. As root. Ctrl-C ends it and leaves nothing behind.

  --only ROWS   these rows alone, by their numbers
  --runtime NAME
                what runchart, the bare floor and podman use: runc, or crun. That refuses to
                run where cgroup2 is mounted beside version 1; there everything is measured in
                a mount namespace without it
  --quick       few rounds and small sizes: whether it works, not how fast
  --json FILE   writes all samples, as JSON
  --write       keeps them in docs/benchmarks/RUNTIME.json, and writes docs/benchmarks.md
                of both with its pictures; node docs/benchmarks/write.ts does the latter alone
  --help        this text

Rows:
${ROWS.map(({ number, title, aim }) => `  ${String(number).padStart(2)}  ${title}\n      ${aim}`).join('\n')}
`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    runtime: { type: 'string', default: 'runc' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
} else if (values.runtime === 'crun' && isHybrid() && process.env[IN_ITS_MOUNTS] === undefined) {
  await runAgain()
} else {
  await main()
}

/** Where crun works, if it can be had. */
async function runAgain(): Promise<void> {
  // Ctrl-C is for the run, which says how it ended.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})
  const mounts = join(import.meta.dirname, 'crun-mounts.sh')
  const command = [mounts, process.execPath, ...process.argv.slice(1)]
  const env = { [IN_ITS_MOUNTS]: 'yes' }
  const { exitCode = 1 } = await execa('sh', command, { env, stdio: 'inherit', reject: false })
  process.exitCode = exitCode
}

async function main(): Promise<void> {
  const built = ['dist/src/index.js', 'dist/cli/main.js']
  if (!built.every((path) => existsSync(path))) throw new Error('there is no dist: run npm run build first')
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // Once would have it gone when execa looks whether anybody minds the signal.
    process.on(name, () => interrupted.abort(new Error('interrupted')))
  }
  const { runtime } = values
  const bench = makeBench({ runtime, quick: values.quick, signal: interrupted.signal })
  const rows: RowResult[] = []
  for (const { number, title, aim, ...row } of chosen(values.only)) {
    console.error(`${number}. ${title}`)
    const measured = await row.measure(bench).catch((error) => {
      if (interrupted.signal.aborted) return undefined
      throw error
    })
    if (measured === undefined) {
      console.error('interrupted: nothing is left behind, and the rows above stand')
      process.exitCode = 130
      break
    }
    rows.push({ number, title, aim, ...measured })
    tell(measured)
  }
  const measuredOn = new Date().toISOString().slice(0, 10)
  const results: Results = { measuredOn, machine: await machine(), runtime, quick: values.quick, rows }
  if (values.json !== undefined) writeFileSync(values.json, toJson(results))
  if (values.write && !interrupted.signal.aborted) keepResults(results)
}

function chosen(only: string | undefined): readonly Row[] {
  if (only === undefined) return ROWS
  return only.split(',').map((number) => {
    const row = ROWS.find((one) => one.number === Number(number))
    if (row === undefined) throw new Error(`there is no row ${number}: see --help`)
    return row
  })
}

function tell({ groups, claims }: Measured): void {
  for (const { title, series } of groups) {
    console.log(`  ${title}`)
    for (const { name, unit, samples } of series) {
      const { median, p25, p75 } = summary(samples)
      console.log(`    ${name}: ${short(median)} ${unit} (${short(p25)}–${short(p75)})`)
    }
  }
  for (const claim of claims) {
    const sign = claim.bound === 'most' ? '≤' : '≥'
    const word = holds(claim) ? 'met' : 'MISSED'
    console.log(`  ${word}: ${claim.what} ${short(claim.measured)} ${sign} ${claim.limit} ${claim.unit}`)
  }
}
