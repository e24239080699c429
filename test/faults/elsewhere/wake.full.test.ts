import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { pidsOf, running } from './lab.ts'

/** While it is set, no time passes for whoever waits for some. */
const clock = vi.hoisted(() => ({ stands: false }))
vi.mock('node:timers/promises', async (original) => {
  const timers = await original<typeof import('node:timers/promises')>()
  const never = new Promise<never>(() => {})
  return {
    ...timers,
    setTimeout: (...args: Parameters<typeof timers.setTimeout>) =>
      clock.stands ? never : timers.setTimeout(...args),
  }
})

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 15: an exit wakes who waits for it, without any time to pass', async () => {
  const engine = await place.open()
  const container = await running(place, engine)
  const waiting = container.wait()
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
  clock.stands = true
  onTestFinished(() => {
    vi.useRealTimers()
    clock.stands = false
  })
  let passed = false
  setTimeout(() => {
    passed = true
  }, 0)
  process.kill(pidsOf(container).pid, 'SIGTERM')
  expect(await waiting).toMatchObject({ code: 5 })
  expect(passed).toBe(false)
  recordFault('15: a clock that stands still', 'the exit is known all the same')
})
