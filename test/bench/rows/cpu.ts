import { benchPlace, life } from '../place.ts'
import { interleaved } from '../rounds.ts'
import type { Row, Series } from '../row.ts'
import { median } from '../statistics.ts'

/** Row 7. */
export const cpu: Row = {
  number: 7,
  title: 'CPU of the engine for one life',
  aim: '≤ 4 ms, children left out',
  async measure(bench) {
    await using place = await benchPlace()
    const { engine, floor } = place
    const lives = bench.quick ? 5 : 20
    const spent = (work: () => Promise<void>) => async (): Promise<number> => {
      const before = process.cpuUsage()
      for (let life = 0; life < lives; life += 1) await work()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000 / lives
    }
    const contenders = [
      { name: 'runchart', measure: spent(() => life(engine, place.place.rootfs)) },
      { name: 'bare floor', measure: spent(() => floor.life()) },
    ]
    const measured = await interleaved(contenders, {
      rounds: bench.quick ? 1 : 8,
      warmUp: bench.quick ? 0 : 3,
      signal: bench.signal,
      onRound: (round) => bench.progress(`round ${round + 1}`),
    })
    const series = contenders.map(
      ({ name }): Series => ({ name, unit: 'ms', samples: measured.get(name) ?? [] }),
    )
    return {
      groups: [{ title: 'CPU of the Node process for one life', series }],
      claims: [
        {
          what: 'CPU of the engine',
          measured: median(measured.get('runchart') ?? []),
          unit: 'ms',
          bound: 'most',
          limit: 4,
        },
      ],
      notes: [
        `${lives} lives for each sample, one after another, the collector and every thread of Node included.`,
      ],
    }
  },
}
