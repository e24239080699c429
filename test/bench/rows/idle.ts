import type { Row, Series } from '../row.ts'
import { median } from '../statistics.ts'

type Cost = Record<'heap' | 'resident', number>

/** Row 8. */
export const idle: Row = {
  number: 8,
  title: 'Idle cost of a known container',
  aim: '≤ 12 KB of heap, ≤ 20 KB resident; 10,000 simulated ones that run',
  async measure(bench) {
    const input = bench.quick ? { containers: 1_000, warmUp: 200 } : { containers: 10_000, warmUp: 1_000 }
    const costs: Cost[] = []
    for (let round = 0; round < (bench.quick ? 1 : 3); round += 1) {
      bench.progress(`memory of ${input.containers} containers`)
      costs.push(await bench.run<Cost>('idle', input, ['--expose-gc']))
    }
    const series = (of: keyof Cost): Series => ({
      name: of,
      unit: 'KB',
      samples: costs.map((cost) => cost[of]),
    })
    const [heap, resident] = [series('heap'), series('resident')]
    return {
      groups: [{ title: 'Memory for each container', series: [heap, resident] }],
      claims: [
        { what: 'heap', measured: median(heap.samples), unit: 'KB', bound: 'most', limit: 12 },
        { what: 'resident', measured: median(resident.samples), unit: 'KB', bound: 'most', limit: 20 },
      ],
      notes: ['What the simulation itself keeps of each container is in these figures.'],
    }
  },
}
