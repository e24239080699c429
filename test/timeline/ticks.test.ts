import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ticksOf } from '../../src/timeline/ticks.ts'
import { START } from './events.ts'

const SECOND = 1000
const DAY = 86_400 * SECOND

test.for([
  [40, ['00:00:00.000', '00:00:00.010', '00:00:00.020', '00:00:00.030', '00:00:00.040']],
  [9 * SECOND, ['00:00:00', '00:00:02', '00:00:04', '00:00:06', '00:00:08']],
  [600 * SECOND, ['00:00', '00:02', '00:04', '00:06', '00:08', '00:10']],
  [DAY, ['03-01 00:00', '03-01 06:00', '03-01 12:00', '03-01 18:00', '03-02 00:00']],
  [4 * DAY, ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05']],
] as const)('%i ms have round times, told as exactly as it takes', ([length, labels]) => {
  expect(ticksOf(START, START + length, 5).map(({ label }) => label)).toEqual(labels)
})

test('there are never more than there is room for, and none outside', () => {
  const [from, length] = [fc.integer({ min: 0, max: 2 * START }), fc.integer({ min: 0, max: 2 * START })]
  fc.assert(
    fc.property(from, length, (begin, long) => {
      const ticks = ticksOf(begin, begin + long, 8)
      expect(ticks.length).toBeLessThanOrEqual(9)
      expect(ticks.filter(({ at }) => at < begin || at > begin + long)).toEqual([])
    }),
  )
})
