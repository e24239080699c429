import { join } from 'node:path'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import type { Row } from '../row.ts'
import { median } from '../statistics.ts'

interface Replayed {
  rates: { since: number; past: number; cpu: number }[]
  memory: number[]
}

/** Row 11. */
export const replay: Row = {
  number: 11,
  title: 'Events replayed from number 0',
  aim: '≥ 200,000 a second from a log of 1,000,000, memory flat',
  async measure(bench) {
    const events = bench.quick ? 50_000 : 1_000_000
    await using directory = await temporaryDirectory()
    const place = { root: join(directory.path, 'root'), runRoot: join(directory.path, 'run') }
    bench.progress(`writing ${events} events`)
    await bench.run('write-events', { ...place, events })
    bench.progress('replaying them')
    const { rates, memory } = await bench.run<Replayed>('replay', { ...place, samples: bench.quick ? 1 : 3 })
    const since = rates.map((rate) => rate.since)
    // What Node takes for itself as it begins is not the replay's.
    const [early, late] = [memory.slice(0, memory.length / 2), memory.slice(memory.length / 2)]
    return {
      groups: [
        {
          title: 'Events a second',
          series: [
            { name: 'events.since(0), asynchronous', unit: '/s', samples: since },
            { name: 'events.past(0), synchronous', unit: '/s', samples: rates.map(({ past }) => past) },
            {
              name: 'since(0), for each second of CPU time',
              unit: '/s',
              samples: rates.map(({ cpu }) => cpu),
            },
          ],
        },
        {
          title: 'Resident memory through a replay',
          series: [{ name: 'resident', unit: 'MB', samples: memory }],
        },
      ],
      claims: [
        { what: 'events a second', measured: median(since), unit: '/s', bound: 'least', limit: 200_000 },
        {
          what: 'resident memory in the second half of a replay, of that in the first',
          measured: Math.max(...late) / Math.max(...early),
          unit: '×',
          bound: 'most',
          limit: 1.1,
        },
      ],
    }
  },
}
