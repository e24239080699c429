import { readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { watchIdle } from '../../src/api/idle.ts'
import { serveOwner } from '../../src/api/serve.ts'
import type { Container } from '../../src/types.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { FakeEngine } from './fake-engine.ts'
import { startOwner } from './owner.ts'

const logger = pino({ level: 'silent' })

test('only its user may open the socket, and nothing stays behind', async () => {
  await using owner = await startOwner()
  const { mode } = await stat(owner.socketPath)
  expect(mode & 0o777).toBe(0o600)
  expect(await readdir(owner.engine.runRoot)).toEqual(['owner.sock'])
  await owner.server.close()
  expect(await readdir(owner.engine.runRoot)).toEqual([])
})

test('the socket of a dead owner is replaced', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'owner.sock')
  const engine = new FakeEngine(directory.path)
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(path, resolve))
  const server = await serveOwner(engine, { logger })
  expect(server.socketPath).toBe(path)
  await server.close()
  await new Promise((resolve) => dead.close(resolve))
})

test('a run root whose path is too long for a socket is refused with what to do', async () => {
  const engine = new FakeEngine(`/tmp/${'x'.repeat(120)}`)
  await expect(serveOwner(engine, { logger })).rejects.toMatchObject({
    code: 'EROOT',
    hint: expect.stringContaining('--run-root'),
  })
})

test('closing answers waits that are open, and is done once however often it is asked', async () => {
  await using owner = await startOwner()
  const { client, engine, server } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  await client.start('web')
  const exit = client.wait('web').catch((error) => error)
  await client.inspect('web')
  await Promise.all([server.close(), server.close()])
  expect(await exit).toMatchObject({ code: 'ECLOSED' })
  expect(engine.letGo).toEqual(['wait'])
})

test('leaving tells those to go who only look on, and lets a command finish', async () => {
  await using owner = await startOwner()
  const { client, engine, server } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const web = engine.get('web')
  web.start = async () => {
    await stopped
    return web as Container as Container<'running'>
  }
  const starting = client.start('web')
  const exit = client.wait('web').catch((error) => error)
  await client.inspect('web')
  server.leave()
  const hint = expect.stringContaining('containers live on')
  expect(await exit).toMatchObject({ code: 'ECLOSED', hint })
  expect(await readdir(engine.runRoot)).toEqual([])
  stop()
  expect(await starting).toMatchObject({ name: 'web' })
  await server.close()
})

test('an owner leaves once nothing lives and nobody asks, and not before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const engine = new FakeEngine('/fake')
    const { createServer: createHttpServer } = await import('node:http')
    const server = createHttpServer()
    let left = 0
    const stop = watchIdle([server], engine, 60, () => {
      left += 1
    })
    const web = await engine.create({ name: 'web' })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(left, 'a container that is created has a process').toBe(0)
    web.exit(0)
    await vi.advanceTimersByTimeAsync(59_000)
    const { EventEmitter } = await import('node:events')
    const response = new EventEmitter()
    server.emit('request', {}, response)
    await web.create()
    web.exit(0)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(left, 'somebody waits for an answer').toBe(0)
    response.emit('close')
    await vi.advanceTimersByTimeAsync(59_999)
    expect(left).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(left).toBe(1)
    stop()
  } finally {
    vi.useRealTimers()
  }
})
