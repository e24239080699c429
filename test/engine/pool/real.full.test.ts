import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testPlace } from '../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'

test('containers of a pool wait in the runtime, are started, and are gone with it', async () => {
  await using place = await testPlace()
  const engine = await place.open()
  const spec = { rootfs: place.rootfs, command: ['sh', '-c', 'exit 7'] }
  await using pool = await engine.pool({ spec, size: 3 })
  for (let run = 0; run < 5; run += 1) {
    await using container = await pool.take()
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 7, generation: 1 })
  }
  await pool.close()
  expect(engine.snapshot().containers).toEqual([])
  expect(place.leftovers()).toEqual([])
})

test('an engine killed with a pool leaves the next one what was taken, and nothing else', async () => {
  await using place = await testPlace()
  const { root, runRoot, rootfs } = place
  const program = join(import.meta.dirname, 'owner.ts')
  const owner = spawn(process.execPath, [program, root, runRoot, TEST_RUNTIME, rootfs], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(owner, 'exit')
  const [id] = await once(owner.stdout, 'data')
  owner.kill('SIGKILL')
  await exited

  const engine = await place.open()
  const left = () => engine.snapshot().containers.map((container) => [container.id, container.state])
  await expect.poll(left).toEqual([[String(id).trim(), 'running']])
})
