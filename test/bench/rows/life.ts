import { benchPlace, life, milliseconds } from '../place.ts'
import { interleaved } from '../rounds.ts'
import type { Claim, Row, Series } from '../row.ts'
import { median, ratios } from '../statistics.ts'

/** Row 1. */
export const oneLife: Row = {
  number: 1,
  title: 'One life: created, started, its exit seen, removed',
  aim: '≤ 1.05 × the bare floor; ≥ 3.5 × faster than podman, ≥ 2 × than ctr, ≥ 5 × than docker',
  async measure(bench) {
    await using place = await benchPlace()
    const { engine, floor } = place
    const contenders = [
      { name: 'runchart', measure: () => milliseconds(() => life(engine, place.place.rootfs)) },
      { name: 'bare floor', measure: () => milliseconds(() => floor.life()) },
    ]
    const measured = await interleaved(contenders, {
      rounds: bench.quick ? 3 : 20,
      warmUp: bench.quick ? 1 : 5,
      signal: bench.signal,
      onRound: (round) => bench.progress(`round ${round + 1}`),
    })
    const series = contenders.map(
      ({ name }): Series => ({ name, unit: 'ms', samples: measured.get(name) ?? [] }),
    )
    const ours = measured.get('runchart') ?? []
    const claims: Claim[] = [
      {
        what: 'one life, of the bare floor’s',
        measured: median(ratios(ours, measured.get('bare floor') ?? [])),
        unit: '×',
        bound: 'most',
        limit: 1.05,
      },
    ]
    return { groups: [{ title: 'One life', series }], claims }
  },
}
