import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import type { Figures, Totals } from './load-program.ts'

const LIVES = 5_000
const LIVE = 500

/**
 * The young generation has its full size from the start, so that what grows later is the engine's doing, and memory is
 * looked at when all garbage has been collected.
 */
const NODE_OPTIONS = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16']

test('500 containers live while 5,000 short ones come and go, 16 at once', {
  timeout: 3_600_000,
}, async () => {
  await using place = await testPlace()
  const program = join(import.meta.dirname, 'load-program.ts')
  const child = execa(process.execPath, [...NODE_OPTIONS, program, place.path, String(LIVES), String(LIVE)], {
    stderr: 'inherit',
    reject: false,
  })
  const said: (Figures | Totals | { live: number })[] = []
  for await (const line of child.iterable()) {
    console.log(line)
    said.push(JSON.parse(line))
  }
  expect((await child).exitCode).toBe(0)
  const [living, ...rest] = said
  const totals = rest.pop() as Totals
  const batches = rest as Figures[]

  expect(living).toEqual({ live: LIVE })
  expect(totals).toMatchObject({ lives: expect.any(Number), wrong: [] })
  expect(totals.lives).toBeGreaterThanOrEqual(LIVES)
  expect(place.leftovers()).toEqual([])

  const [first, last] = [batches[0], batches.at(-1)] as [Figures, Figures]
  expect(last.heap / first.heap).toBeLessThan(1.25)
  expect(last.rss / first.rss).toBeLessThan(1.25)
  expect(last.cpu / first.cpu).toBeLessThan(2)
  expect(last.delayP99 / first.delayP99).toBeLessThan(3)
  recordFault(
    `${LIVES} lives beside ${LIVE} live containers`,
    'every exit code and event right, memory flat',
    1,
  )
})
