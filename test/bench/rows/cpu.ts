import type { Row, Series } from '../row.ts'
import { median } from '../statistics.ts'

interface Spent {
  samples: [string, number[]][]
  residentMb: number
}

/** Row 7. */
export const cpu: Row = {
  number: 7,
  title: 'CPU of the engine for one life',
  aim: '≤ 4 ms, children left out',
  async measure(bench) {
    const input = bench.quick ? { lives: 5, rounds: 1, warmUp: 0 } : { lives: 20, rounds: 8, warmUp: 3 }
    bench.progress(`${input.rounds} rounds of ${input.lives} lives`)
    const { samples, residentMb } = await bench.run<Spent>('cpu', { runtime: bench.runtime, ...input })
    const series = samples.map(([name, samples]): Series => ({ name, unit: 'ms', samples }))
    return {
      groups: [{ title: 'CPU of the Node process for one life', series }],
      claims: series.slice(0, 1).map(({ samples }) => ({
        ...{ what: 'CPU of the engine', measured: median(samples), unit: 'ms', bound: 'most', limit: 4 },
      })),
      notes: [
        `${input.lives} lives for each sample, one after another, the collector and every thread of Node included. The process has ${Math.round(residentMb)} MB resident: the bare floor spawns as Node does, by a fork, which takes the longer the more memory there is.`,
      ],
    }
  },
}
