import { expect, onTestFinished, test } from 'vitest'
import { testPlace } from '../../fixtures/engine.ts'

test('a container that is killed while it is being asked is not told to be unhealthy', async () => {
  const place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const engine = await place.open()
  const healthCheck = { command: ['sleep', '0.05'], interval: 0.001, retries: 1, timeout: 60 }
  const kill = async () => {
    const web = await place.sh(engine, 'sleep 1000', { healthCheck })
    await web.start()
    await web.wait({ for: 'healthy' })
    process.kill(web.inspect().pid ?? 0, 'SIGKILL')
    await web.wait()
  }
  for (let times = 0; times < 4; times += 1) await Promise.all([kill(), kill(), kill(), kill()])
  const told = [...engine.events.past(0)].flatMap((event) => (event.type === 'health' ? event.status : []))
  expect(new Set(told)).toEqual(new Set(['healthy']))
})
