import { expect, test } from 'vitest'
import { NotFoundError } from '../../src/index.ts'
import { openSimulatedEngine, type Program, type SimulatedWorld } from '../../src/testing/index.ts'
import type { Bench } from './bench.ts'
import { holdsForAllSequences } from './suite.ts'

function benchOf(world: SimulatedWorld): Bench {
  return {
    engine: world.engine,
    create: (name) => world.engine.create({ name, rootfs: '/any', command: ['polite'] }),
    ready: async () => {},
    exit: ({ id }, code) => world.exit(id, { code }),
    die: (container) => {
      try {
        world.exit(container.id, { signal: 'SIGKILL' })
      } catch (error) {
        // It has ended already, and that is about to be told.
        if (!(error instanceof NotFoundError)) throw error
      }
    },
    async pass(moments) {
      for (let moment = 0; moment < moments; moment += 1) await Promise.resolve()
    },
  }
}

const polite: Program = (process) => void process.on('SIGTERM', () => process.exit(0))

test('every sequence of commands on a simulated engine does what the model says', async () => {
  await using world = await openSimulatedEngine({ programs: { polite } })
  const lives = await holdsForAllSequences(async () => benchOf(world), { runs: 100, length: 40 })
  expect(lives).toBeGreaterThan(200)
})

test('a fault is told by the smallest sequence that shows it, and the seed', async () => {
  await using world = await openSimulatedEngine({ programs: { polite } })
  const bench = { ...benchOf(world), exit: ({ id }: { id: string }) => world.exit(id, { code: 7 }) }
  // Of one seed: which sequence is the smallest that is come by depends on the first that fails.
  const told = await holdsForAllSequences(async () => bench, { runs: 100, length: 40, seed: 2 }).catch(String)
  expect(told).toMatch(/\{ seed: 2, /)
  expect(told).toMatch(/Counterexample: \[make (a|b),start \1,exit \1 3 /)
})

test('two hundred simulated containers live and are gone, each with its own exit code', async () => {
  await using world = await openSimulatedEngine()
  const begun = performance.now()
  const codes = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const container = await world.engine.create({ rootfs: '/any', command: ['sleep'] })
      await container.start()
      world.exit(container.id, { code: index })
      const { code } = await container.wait()
      await container.remove()
      return code
    }),
  )
  console.log(`simulated: ${Math.round(200_000 / (performance.now() - begun))} container lives a second`)
  expect(codes).toEqual(Array.from({ length: 200 }, (_, index) => index))
  expect(world.engine.snapshot().containers).toEqual([])
})
