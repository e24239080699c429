import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../../effects/runtime/find.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import type { Bench } from '../bench.ts'
import { makeLiving, removeAll } from '../place.ts'
import type { Claim, Row, Series } from '../row.ts'
import { median } from '../statistics.ts'

interface Opened {
  ms: number
  cpuMs: number
  known: number
  running: number
}

/** Row 10. */
export const opening: Row = {
  number: 10,
  title: 'Opening a root',
  aim: '1,000 live containers: ≤ 1 s, and no more than one runtime call for 100 unchanged ones; 10,000 rows: ≤ 2 s',
  async measure(bench) {
    const rows = await openRows(bench)
    const live = await openLive(bench)
    const claim = (what: string, measured: number, unit: Claim['unit'], limit: number): Claim => ({
      ...{ what, measured, unit, limit },
      bound: 'most',
    })
    return {
      groups: [{ title: 'Until openEngine() resolves', series: [live.series, rows] }],
      claims: [
        claim(live.series.name, median(live.series.samples), 'ms', 1_000),
        claim('runtime calls for 100 unchanged live containers', live.callsForEach * 100, 'calls', 1),
        claim(rows.name, median(rows.samples), 'ms', 2_000),
      ],
      notes: [
        'Each opening is in a new process. Calls are counted by a runtime that writes a line for each and then becomes runc.',
      ],
    }
  },
}

async function openRows(bench: Bench): Promise<Series> {
  const rows = bench.quick ? 500 : 10_000
  await using directory = await temporaryDirectory()
  const roots = { root: join(directory.path, 'root'), runRoot: join(directory.path, 'run') }
  bench.progress(`writing ${rows} rows`)
  await bench.run('write-rows', { ...roots, rows, exits: 0 })
  const samples = await open(bench, { ...roots, runtime: bench.runtime })
  return { name: `${rows} rows of containers that have exited`, unit: 'ms', samples }
}

async function openLive(bench: Bench): Promise<{ series: Series; callsForEach: number }> {
  const count = bench.quick ? 10 : 1_000
  await using place = await testPlace()
  const { root, runRoot, rootfs } = place
  const runtime = join(place.path, bench.runtime)
  copyFileSync(findProgram(bench.runtime), runtime)
  const options = { root, runRoot, runtime }
  bench.progress(`creating ${count} containers`)
  await makeLiving(options, { count, rootfs, signal: bench.signal })
  try {
    const samples = await open(bench, options)
    const calls = await countCalls(bench, place, options)
    return { series: { name: `${count} live containers`, unit: 'ms', samples }, callsForEach: calls / count }
  } finally {
    bench.progress('removing them')
    await removeAll(options)
  }
}

async function open(bench: Bench, options: object): Promise<number[]> {
  const samples: number[] = []
  for (let round = 0; round < (bench.quick ? 2 : 5); round += 1) {
    bench.progress(`opening, round ${round + 1}`)
    samples.push((await bench.run<Opened>('opening', options)).ms)
  }
  return samples
}

/** How often an opening calls the runtime, besides asking it for its version. */
async function countCalls(bench: Bench, { path }: TestPlace, options: { runtime: string }): Promise<number> {
  const [calls, real, counting] = [join(path, 'calls'), join(path, 'real-runc'), join(path, 'counting-runc')]
  writeFileSync(calls, '')
  writeFileSync(counting, `#!/bin/sh\necho "$*" >> ${calls}\nexec ${real} "$@"\n`)
  chmodSync(counting, 0o755)
  renameSync(options.runtime, real)
  renameSync(counting, options.runtime)
  try {
    await bench.run('opening', options)
  } finally {
    renameSync(real, options.runtime)
  }
  const lines = readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^-*v(ersion)?$/.test(line))
  rmSync(calls)
  return lines.length
}
