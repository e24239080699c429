import { expect, test } from 'vitest'
import { packageVersion } from '../../src/api/version.ts'
import { ask, startOwner } from './owner.ts'

test('says who the owner is', async () => {
  await using owner = await startOwner()
  expect(await owner.client.version()).toEqual({
    version: packageVersion(),
    pid: process.pid,
    root: '/fake/root',
    runRoot: owner.engine.runRoot,
  })
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/)
})

test('takes a container through its life', async () => {
  await using owner = await startOwner()
  const { client } = owner
  const options = { name: 'web', rootfs: '/r', command: ['sh', '-c', 'x -y'], env: ['A=b=c'], memory: 1024 }
  const made = await client.create(options)
  expect(owner.engine.created).toEqual(options)
  expect(made).toMatchObject({ name: 'web', state: 'created', generation: 0 })
  expect(await client.start(made.id)).toMatchObject({ state: 'running', generation: 1 })
  expect(await client.pause('web')).toMatchObject({ state: 'paused' })
  expect(await client.resume('web')).toMatchObject({ state: 'running' })
  expect(await client.stop('web', { timeout: 3 })).toMatchObject({ code: 143 })
  expect(owner.engine.get('web').asked).toBe(3)
  expect(await client.recreate('web')).toMatchObject({ state: 'created' })
  await client.kill('web', 'TERM')
  expect(owner.engine.get('web').asked).toBe('TERM')
  await client.remove('web')
  expect(await client.list({ all: true })).toEqual([])
})

test('lists those that run, or all', async () => {
  await using owner = await startOwner()
  const { client } = owner
  await client.create({ name: 'still', rootfs: '/r' })
  await client.create({ name: 'live', rootfs: '/r' })
  await client.start('live')
  expect((await client.list()).map(({ name }) => name)).toEqual(['live'])
  expect((await client.list({ all: true })).map(({ name }) => name)).toEqual(['still', 'live'])
  const snapshot = await client.snapshot()
  expect(snapshot.containers).toHaveLength(2)
  expect(snapshot.seq).toBe(3)
})

test('a wait answers with the exit, also of a container that is gone', async () => {
  await using owner = await startOwner()
  const { client, engine } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  await client.start('web')
  const exit = client.wait('web', { generation: 1 })
  await client.inspect('web')
  engine.get('web').exit(7)
  expect(await exit).toMatchObject({ code: 7, name: 'web', generation: 1 })
  await client.remove('web', { force: true })
  expect(await client.wait('web')).toMatchObject({ code: 7 })
})

test('what is waited for, and who asks, come to the engine as they were given', async () => {
  await using owner = await startOwner()
  const { client, engine } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  const web = engine.get('web')
  const wait = client.wait('web', { for: 'next-exit', generation: 3, timeout: 1.5 })
  await expect.poll(() => web.asked).toMatchObject({ for: 'next-exit', generation: 3, timeout: 1.5 })
  web.exit(0)
  await wait
  await client.stop('web', { timeout: 3, by: 'a & b=c' })
  expect(web.asked).toEqual([3, 'a & b=c'])
  await client.kill('web', 'HUP', { by: 'reload' })
  expect(web.asked).toEqual(['HUP', 'reload'])
  await client.remove('web', { force: true, by: 'a & b=c' })
  expect(web.asked).toMatchObject({ force: true, by: 'a & b=c' })
})

test('a client that goes away lets go of its wait, not of the container', async () => {
  await using owner = await startOwner()
  const { client, engine } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  await client.start('web')
  const gone = new AbortController()
  const exit = client.wait('web', { signal: gone.signal })
  await client.inspect('web')
  gone.abort(new Error('enough'))
  await expect(exit).rejects.toThrow('enough')
  await expect.poll(() => engine.letGo).toEqual(['wait'])
  expect(await client.inspect('web')).toMatchObject({ state: 'running' })
})

test('a body may be left out where nothing must be said', async () => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const { status } = await ask(owner.socketPath, 'POST', '/v1/containers/web/start')
  expect(status).toBe(200)
})
