import { inTurn } from '../in-turn.ts'
import { benchPlace, LASTING, milliseconds } from '../place.ts'
import type { Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

/** Row 3. */
export const removal: Row = {
  number: 3,
  title: 'Removing a running container',
  aim: '≥ 3 × faster than runc delete --force',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    const { engine, floor } = place
    const { rootfs } = place.place
    const theirs = `${bench.runtime} delete --force`
    const contenders = [
      {
        name: 'runchart',
        async measure() {
          const container = await engine.create({ rootfs, command: LASTING })
          await container.start()
          return milliseconds(() => container.remove({ force: true }))
        },
      },
      {
        name: theirs,
        async measure() {
          const id = await floor.create(LASTING)
          await floor.start(id)
          return milliseconds(() => floor.remove(id, '--force'))
        },
      },
    ]
    const { of, series } = await inTurn(bench, contenders, {
      rounds: bench.quick ? 2 : 20,
      warmUp: bench.quick ? 0 : 3,
    })
    return {
      groups: [{ title: 'From the call to the end of it', series }],
      claims: [
        {
          what: `${theirs}, of runchart’s remove({ force: true })`,
          measured: median(ratios(of(theirs), of('runchart'))),
          ...{ unit: '×', bound: 'least', limit: 3 },
        },
      ],
    }
  },
}
