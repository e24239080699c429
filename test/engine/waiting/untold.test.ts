import { expect, test } from 'vitest'
import { simulated, started } from '../../testing/simulated.ts'

test('a start that comes before the exit that it follows is told is not taken for one that failed', async () => {
  const { engine, world } = await simulated()
  const [first, second] = [await started(engine), await started(engine)]
  // Both have exited in the same commit, and the second is started as the first is told.
  const { promise: startedAgain, resolve, reject } = Promise.withResolvers<string>()
  engine.events.subscribe((event) => {
    if (event.type !== 'state' || event.containerId !== first.id || event.to !== 'exited') return
    const told = second.state
    second.start().then(() => resolve(told), reject)
  })
  for (const { id } of [first, second]) world.exit(id)
  expect(await startedAgain).toBe('cleaning')
  expect(second).toMatchObject({ state: 'running', generation: 2 })
})
