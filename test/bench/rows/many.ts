import { inTurn } from '../in-turn.ts'
import { benchPlace, life, times } from '../place.ts'
import type { Claim, Group, Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

const AT_ONCE = [2, 8, 32]

/** Row 2. */
export const many: Row = {
  number: 2,
  title: 'Many lives at once',
  aim: '2, 8 and 32 at once: ≥ 0.97 × the containers a second of the bare floor; no collapse at 32',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    const { engine, floor } = place
    const rate = (lives: number, atOnce: number, work: () => Promise<void>) => async (): Promise<number> => {
      const begun = performance.now()
      await times(lives, atOnce, work)
      return (lives / (performance.now() - begun)) * 1_000
    }
    const contenders = AT_ONCE.flatMap((atOnce) => {
      const lives = bench.quick ? atOnce : Math.max(32, 2 * atOnce)
      return [
        { name: `runchart, ${atOnce}`, measure: rate(lives, atOnce, () => life(engine, place.place.rootfs)) },
        { name: `bare floor, ${atOnce}`, measure: rate(lives, atOnce, () => floor.life()) },
      ]
    })
    const measured = await inTurn(bench, contenders, {
      rounds: bench.quick ? 1 : 6,
      warmUp: bench.quick ? 0 : 1,
    })
    const of = (name: string, atOnce: number): number[] => measured.of(`${name}, ${atOnce}`)
    const groups = AT_ONCE.map(
      (atOnce): Group => ({
        title: `Containers a second, ${atOnce} at once`,
        series: ['runchart', 'bare floor'].map((name) => ({ name, unit: '/s', samples: of(name, atOnce) })),
      }),
    )
    const claims = AT_ONCE.map(
      (atOnce): Claim => ({
        what: `containers a second, ${atOnce} at once, of the bare floor’s`,
        measured: median(ratios(of('runchart', atOnce), of('bare floor', atOnce))),
        ...{ unit: '×', bound: 'least', limit: 0.97 },
      }),
    )
    claims.push({
      what: 'containers a second with 32 at once, of those with 8',
      measured: median(ratios(of('runchart', 32), of('runchart', 8))),
      ...{ unit: '×', bound: 'least', limit: 0.9 },
    })
    return { groups, claims }
  },
}
