import pLimit from 'p-limit'
import { expect, test, vi } from 'vitest'
import { containerMachine } from '../../../machines/index.ts'
import { testPlace } from '../../fixtures/engine.ts'
import { cellsOf } from '../paths/edges.ts'
import { cellsAlong, realPaths } from './chart-and-world.ts'
import { drive } from './drive.ts'
import { steppedRuntime } from './held-runtime.ts'
import { leftOut } from './left-out.ts'

vi.setConfig({ testTimeout: 900_000 })

const AT_ONCE = 3

const paths = realPaths()

test('every transition is taken that a real container makes while nothing is broken, or there is a reason', () => {
  const along = cellsAlong(paths)
  const cells = cellsOf(containerMachine)
  const without = cells.filter((cell) => !along.has(cell))
  const taken = cells.length - without.length
  console.log(`real paths: ${paths.length}; ${taken} of ${cells.length} pairs of state and event`)
  expect(without.filter((cell) => leftOut(cell) === undefined)).toEqual([])
  expect(cells.filter((cell) => along.has(cell) && leftOut(cell) !== undefined)).toEqual([])
})

test('real conmon and runc are after each step of every path where the chart says', async () => {
  await using place = await testPlace()
  const runtime = steppedRuntime(place.path)
  const engine = await place.open({ runtime: runtime.path })
  const limit = pLimit(AT_ONCE)
  const wrong: string[] = []
  await Promise.all(
    paths.map((path, index) =>
      limit(async () => {
        await drive(path, `path-${index}`, { place, engine, runtime }).catch((error: Error) =>
          wrong.push(error.message),
        )
      }),
    ),
  )
  expect(wrong).toEqual([])
  expect(place.leftovers()).toEqual([])
})
