import { inTurn } from '../in-turn.ts'
import { Laps } from '../laps.ts'
import { openPeers } from '../peers/all.ts'
import { benchPlace, life, milliseconds } from '../place.ts'
import type { Claim, Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

const LIMITS: ReadonlyMap<string, readonly ['most' | 'least', number]> = new Map([
  ['bare floor', ['most', 1.05]],
  ['podman', ['least', 3.5]],
  ['ctr', ['least', 2]],
  ['docker', ['least', 5]],
])

/** Row 1. */
export const oneLife: Row = {
  number: 1,
  title: 'One life: created, started, its exit seen, removed',
  aim: '≤ 1.05 × the bare floor; ≥ 3.5 × faster than podman, ≥ 2 × than ctr, ≥ 5 × than docker',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    const { engine, floor } = place
    await using peers = await openPeers(bench, place.peers)
    const laps = new Laps()
    const warmUp = bench.quick ? 1 : 5
    const contenders = [
      {
        name: 'runchart',
        measure: () => milliseconds(() => life(engine, place.place.rootfs, laps.of('runchart'))),
      },
      { name: 'bare floor', measure: () => milliseconds(() => floor.life(laps.of('bare floor'))) },
      ...[...peers.open].map(([name, peer]) => ({ name, measure: () => milliseconds(() => peer.life()) })),
    ]
    const { of, series } = await inTurn(bench, contenders, {
      rounds: bench.quick ? 3 : 20,
      warmUp,
    })
    const ours = of('runchart')
    const claims = [...LIMITS]
      .filter(([name]) => of(name).length > 0)
      .map(([name, [bound, limit]]): Claim => {
        const theirs = of(name)
        const measuredRatio = bound === 'most' ? ratios(ours, theirs) : ratios(theirs, ours)
        const what = bound === 'most' ? `runchart’s life, of the ${name}’s` : `life of ${name}, of runchart’s`
        return { what, measured: median(measuredRatio), unit: '×', bound, limit }
      })
    const notes = [
      ...peers.notes,
      'runchart and the bare floor run in this Node process; each peer is a command, as its user runs it. All use the same root file system and the same runtime.',
    ]
    const stages = laps.group('Stages of a life', warmUp)
    return { groups: [{ title: 'One life', series }, stages], claims, notes }
  },
}
