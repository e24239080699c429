import { interleaved } from '../rounds.ts'
import type { Row, Series } from '../row.ts'
import { median } from '../statistics.ts'

interface Rates {
  clock: number
  cpu: number
}

/** Row 9. */
export const transitions: Row = {
  number: 9,
  title: 'Transitions through engine, store and stream',
  aim: '≥ 25,000 a second durable (WAL, NORMAL), constant from 100 to 10,000 containers; simulated effects',
  async measure(bench) {
    const sizes = bench.quick ? [100, 1_000] : [100, 1_000, 10_000]
    const cpu = new Map(sizes.map((size) => [size, [] as number[]]))
    const measured = await interleaved(
      sizes.map((containers) => ({
        name: String(containers),
        async measure() {
          bench.progress(`transitions with ${containers} containers`)
          const input = { containers, transitions: bench.quick ? 2_000 : 10_000, samples: 3 }
          const rates = await bench.run<Rates[]>('transitions', input)
          cpu.get(containers)?.push(median(rates.map((rate) => rate.cpu)))
          return median(rates.map(({ clock }) => clock))
        },
      })),
      { rounds: bench.quick ? 1 : 5, signal: bench.signal },
    )
    const series = (of: (size: number) => number[]): Series[] =>
      sizes.map((size) => ({ name: `${size} containers`, unit: '/s', samples: of(size) }))
    const byClock = series((size) => measured.get(String(size)) ?? [])
    const rates = byClock.map(({ samples }) => median(samples))
    return {
      groups: [
        { title: 'Transitions a second', series: byClock },
        { title: 'Transitions for each second of CPU time', series: series((size) => cpu.get(size) ?? []) },
      ],
      claims: [
        {
          what: 'transitions a second',
          measured: Math.min(...rates),
          unit: '/s',
          bound: 'least',
          limit: 25_000,
        },
        {
          what: `with ${sizes.at(-1)} containers, of the rate with ${sizes[0]}`,
          measured: (rates.at(-1) as number) / (rates[0] as number),
          unit: '×',
          bound: 'least',
          limit: 0.9,
        },
      ],
      notes: [
        'Each container goes through whole runs (exited → creating → created → starting → running → stopped → cleaning → exited), 100 of them at the same time, and a subscriber counts the transitions that it is told.',
      ],
    }
  },
}
