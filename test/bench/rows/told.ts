import { testPlace } from '../../fixtures/engine.ts'
import { makeLiving, removeAll } from '../place.ts'
import type { Claim, Row, Series } from '../row.ts'
import { quantile } from '../statistics.ts'

interface Told {
  delays: number[]
  sinceKill: number[]
  late: number
  known: number
  alive: number
}

/** Row 5. */
export const told: Row = {
  number: 5,
  title: 'From the exit file to the subscriber',
  aim: 'p50 ≤ 1.5 ms, p99 ≤ 8 ms with 1,000 containers known, 500 alive, committed to disk; the same after 100,000 exits as after 10',
  async measure(bench) {
    const [rows, warmUp, exits, earlier] = bench.quick ? [20, 1, 4, 1_000] : [400, 10, 100, 100_000]
    const living = bench.quick ? 10 : 600
    await using place = await testPlace()
    const { root, runRoot, rootfs } = place
    await bench.run('write-rows', { root, runRoot, rows, exits: 0 })
    bench.progress(`creating ${living} containers`)
    await makeLiving({ root, runRoot }, { count: living, rootfs, signal: bench.signal })
    try {
      bench.progress(`${exits} exits`)
      const few = await bench.run<Told>('told', { root, runRoot, warmUp, exits, strangers: 0 })
      bench.progress(`${earlier} exits before the next ${exits}`)
      await bench.run('write-rows', { root, runRoot, rows: 0, exits: earlier })
      const many = await bench.run<Told>('told', { root, runRoot, warmUp, exits, strangers: earlier })
      const series = [
        { name: 'after 10 exits', unit: 'ms', samples: few.delays },
        { name: `after ${earlier} exits`, unit: 'ms', samples: many.delays },
      ] satisfies Series[]
      const sinceKill = [
        { name: 'after 10 exits', unit: 'ms', samples: few.sinceKill },
        { name: `after ${earlier} exits`, unit: 'ms', samples: many.sinceKill },
      ] satisfies Series[]
      const [before, after] = sinceKill.map(({ samples }) => quantile(samples, 0.5)) as [number, number]
      return {
        groups: [
          { title: 'From the rename of an exit file to the call of a subscriber', series },
          { title: 'From the kill of its process to the same, conmon included', series: sinceKill },
        ],
        claims: [
          ...series.flatMap(({ name, samples }): Claim[] => [
            { what: `p50 ${name}`, measured: quantile(samples, 0.5), unit: 'ms', bound: 'most', limit: 1.5 },
            { what: `p99 ${name}`, measured: quantile(samples, 0.99), unit: 'ms', bound: 'most', limit: 8 },
          ]),
          {
            what: `p50 from the kill after ${earlier} exits, of that after 10`,
            ...{ measured: after / before, unit: '×', bound: 'most', limit: 1.2 },
          },
        ],
        notes: [
          `${few.known} containers were known and ${few.alive} to ${many.alive - exits - warmUp} alive. The moment of an exit file is that at which a process of the highest priority that watches the directory has seen it, less by which such a watch is late itself: ${few.late.toFixed(2)} ms, measured with renames whose moment is known. That is right to half a millisecond, by the processor that it wakes on; so before and after are compared from the kill on.`,
          `Of the ${earlier} exits before, the store has the records and the events, and as many exit files have gone through the watched directory of the same engine; they were nobody's, since so many containers would take hours.`,
        ],
      }
    } finally {
      bench.progress('removing the containers')
      await removeAll({ root, runRoot })
    }
  },
}
