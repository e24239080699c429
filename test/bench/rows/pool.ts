import { setTimeout as delay } from 'node:timers/promises'
import { inTurn } from '../in-turn.ts'
import { benchPlace, LASTING, milliseconds } from '../place.ts'
import type { Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

const WARM_UP = 30

/** Row 12. */
export const pool: Row = {
  number: 12,
  title: 'A container from a warm pool',
  aim: 'take and start ≤ 1.3 × the bare runc start',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    const { engine, floor } = place
    const theirs = `${bench.runtime} start`
    await using warm = await engine.pool({
      ...{ spec: { rootfs: place.place.rootfs, command: LASTING }, size: 2 },
    })
    const contenders = [
      {
        name: 'runchart, take and start',
        async measure() {
          // What is being made meanwhile is no part of it.
          while (warm.ready < warm.size) await delay(5)
          let id = ''
          const took = await milliseconds(async () => {
            const container = await warm.take()
            id = container.id
            await container.start()
          })
          while (warm.ready < warm.size) await delay(5)
          await engine.get(id).remove({ force: true })
          return took
        },
      },
      {
        name: theirs,
        async measure() {
          const id = await floor.create(LASTING)
          const took = await milliseconds(() => floor.start(id))
          await floor.remove(id, '--force')
          return took
        },
      },
    ]
    const { of, series } = await inTurn(bench, contenders, {
      rounds: bench.quick ? 2 : 60,
      warmUp: bench.quick ? 0 : WARM_UP,
    })
    return {
      groups: [{ title: 'Until the container runs', series }],
      claims: [
        {
          what: `take and start, of a bare ${theirs}`,
          measured: median(ratios(of('runchart, take and start'), of(theirs))),
          ...{ unit: '×', bound: 'most', limit: 1.3 },
        },
      ],
      notes: [`${WARM_UP} rounds came before those that count: a pool is there for long.`],
    }
  },
}
