import { expect, test } from 'vitest'
import { SLEEPER, simulated } from '../../testing/simulated.ts'

test('a create that is given up as soon as it is told of is undone, and not waited for', async () => {
  const { engine, faults } = await simulated()
  faults.next('create', 'hangs')
  const giveUp = new AbortController()
  engine.events.subscribe(() => giveUp.abort(new Error('enough')))
  await expect(engine.create(SLEEPER, { signal: giveUp.signal })).rejects.toThrow('enough')
  await expect.poll(() => engine.containers.value).toEqual([])
})
