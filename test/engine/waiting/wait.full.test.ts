import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { serveOwner } from '../../../src/api/serve.ts'
import { type Client, connectOwner } from '../../../src/client/client.ts'
import {
  type Container,
  type ContainerInfo,
  type Engine,
  type ExitRecord,
  WaitTimeoutError,
} from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
/** The same engine, over its socket. */
let client: Client
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
  const server = await serveOwner(engine, { logger: pino({ level: 'silent' }) })
  client = connectOwner(server.socketPath)
  return async () => {
    client.close()
    await server.close()
  }
})
afterAll(() => place[Symbol.asyncDispose]())

interface Held {
  container: Container
  /** Lets the run that is under way end, with exit code 3. */
  end: () => void
}

/** A container whose runs last until the test lets them end. */
async function held(): Promise<Held> {
  const script = 'while ! rm /tmp/$HOSTNAME 2>/dev/null; do sleep 0.02; done; exit 3'
  const container = await place.sh(engine, script)
  onTestFinished(async () => {
    if (container.state !== 'removed') await container.remove({ force: true })
  })
  return { container, end: () => writeFileSync(join(place.rootfs, 'tmp', container.id.slice(0, 12)), '') }
}

/** Both ways to ask give the same; a removed container has no handle of its own over the socket. */
const FACES = [
  ['the engine', () => engine.wait.bind(engine)],
  ['the client', () => client.wait.bind(client)],
] as const

/** Whether it is still open after the event loop has turned. */
async function isOpen(wait: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  await new Promise(setImmediate)
  return (await Promise.race([wait.catch(() => {}), Promise.resolve(open)])) === open
}

test('a wait resolves with what it waits for, in the engine and in the client alike', () => {
  const types = async (container: Container) => ({
    plain: await container.wait(),
    timed: await container.wait({ timeout: 1 }),
    running: await container.wait({ for: 'running' }),
    next: await container.wait({ for: 'next-exit', generation: 0 }),
    removed: await container.wait({ for: 'removed' }),
  })
  expectTypeOf<Awaited<ReturnType<typeof types>>>().toEqualTypeOf<{
    plain: ExitRecord
    timed: ExitRecord
    running: ContainerInfo
    next: ExitRecord
    removed: ExitRecord | null
  }>()
  expectTypeOf<Client['wait']>().toEqualTypeOf<Engine['wait']>()
})

describe.each(FACES)('asked of %s', (_, face) => {
  test('running: at once where it runs, else at the next run', async () => {
    const { container, end } = await held()
    const coming = face()(container.id, { for: 'running' })
    expect(await isOpen(coming)).toBe(true)
    await container.start()
    expect(await coming).toMatchObject({ state: 'running', generation: 1, pid: expect.any(Number) })
    expect(await face()(container.id, { for: 'running' })).toMatchObject({ generation: 1 })
    end()
    await container.wait()
    const second = face()(container.id, { for: 'running' })
    await container.start()
    expect(await second).toMatchObject({ state: 'running', generation: 2 })
  })

  test('running: an error, not a wait for ever, where that run is over', async () => {
    const container = await place.sh(engine, 'true')
    await container.start()
    await container.wait()
    const late = face()(container.id, { for: 'running', generation: 1 })
    await expect(late).rejects.toMatchObject({ code: 'EOVERTAKEN', hint: expect.any(String) })
    const never = face()(container.id, { for: 'running', generation: 2 })
    await expect.poll(() => container.state).toBe('exited')
    await container.remove()
    await expect(never).rejects.toMatchObject({ code: 'EREMOVED' })
  })

  test('exit: of the present run, of one that is named, and of a container that is gone', async () => {
    const { container, end } = await held()
    await container.start()
    const [present, second] = [face()(container.id), face()(container.id, { for: 'exit', generation: 2 })]
    end()
    expect(await present).toMatchObject({ code: 3, generation: 1 })
    expect(await isOpen(second)).toBe(true)
    await container.start()
    end()
    expect(await second).toMatchObject({ code: 3, generation: 2 })
    await expect.poll(() => container.state).toBe('exited')
    await container.remove()
    expect(await face()(container.id)).toMatchObject({ generation: 2 })
    expect(await face()(container.id, { generation: 1 })).toMatchObject({ generation: 1 })
    expect(await face()(container.name)).toMatchObject({ containerId: container.id })
    await expect(face()(container.id, { generation: 3 })).rejects.toMatchObject({ code: 'EREMOVED' })
    await expect(face()('no-such')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('next-exit: never one that was known already; after a run that is named, the first, however late', async () => {
    const { container, end } = await held()
    const run = async (): Promise<void> => {
      await container.start()
      end()
      await container.wait()
    }
    await run()
    const next = face()(container.id, { for: 'next-exit' })
    expect(await isOpen(next)).toBe(true)
    await run()
    expect(await next).toMatchObject({ generation: 2 })
    await run()
    expect(await face()(container.id, { for: 'next-exit', generation: 1 })).toMatchObject({ generation: 2 })
    expect(await face()(container.id, { for: 'next-exit', generation: 0 })).toMatchObject({ generation: 1 })
    const never = face()(container.id, { for: 'next-exit' })
    await expect.poll(() => container.state).toBe('exited')
    await container.remove()
    await expect(never).rejects.toMatchObject({ code: 'EREMOVED' })
    expect(await face()(container.id, { for: 'next-exit', generation: 2 })).toMatchObject({ generation: 3 })
  })

  test('removed: with the record of the last run, or null where there was none', async () => {
    const { container } = await held()
    const unused = await held()
    await container.start()
    const [removed, never] = [
      face()(container.id, { for: 'removed' }),
      face()(unused.container.id, { for: 'removed' }),
    ]
    await Promise.all([container.remove({ force: true }), unused.container.remove({ force: true })])
    expect(await removed).toMatchObject({ generation: 1, cause: 'stopped-by-user' })
    expect(await never).toMatchObject({ code: expect.any(Number), startedAt: null })
    expect(await face()(container.id, { for: 'removed' })).toMatchObject({ generation: 1 })
  })

  test('a time limit ends the wait, says what for, and leaves the container as it is', async () => {
    const { container, end } = await held()
    await container.start()
    const late = await face()(container.id, { timeout: 0 }).catch((error: unknown) => error)
    expect(late).toMatchObject({
      name: 'WaitTimeoutError',
      code: 'EWAITTIMEOUT',
      awaited: 'exit',
      state: 'running',
      containerId: container.id,
      message: `waited 0 s for container ${container.name}, for exit: it is running`,
    })
    await expect(face()(container.id, { for: 'removed', timeout: 0.01 })).rejects.toMatchObject({
      awaited: 'removed',
    })
    expect(container.state).toBe('running')
    const inTime = face()(container.id, { timeout: 600 })
    end()
    expect(await inTime).toMatchObject({ code: 3 })
  })

  test('what cannot be right is refused before anything is waited for', async () => {
    const { container } = await held()
    for (const options of [
      { for: 'forever' as 'exit' },
      { generation: 0 },
      { timeout: 1e12 },
      { for: 'removed', generation: 1 } as const,
    ]) {
      await expect(face()(container.id, options)).rejects.toMatchObject({ code: 'EINPUT' })
    }
  })
})

describe('from within the engine', () => {
  test('no transition falls between the look and the wait, whatever is under way', async () => {
    const containers = await Promise.all(Array.from({ length: 4 }, () => place.sh(engine, 'exit 5')))
    onTestFinished(async () => {
      for (const container of containers) await container.remove({ force: true })
    })
    const records: Promise<ExitRecord>[] = []
    // At each transition of each: a wait begun there has the same answer as one begun before.
    const subscription = engine.events.subscribe((event) => {
      if (event.type !== 'state' || event.to === 'removed') return
      const container = containers.find(({ id }) => id === event.containerId)
      if (container !== undefined) records.push(container.wait({ for: 'exit', generation: 1 }))
    })
    await Promise.all(containers.map((container) => container.start()))
    await Promise.all(containers.map((container) => container.wait()))
    subscription.unsubscribe()
    expect(records.length).toBeGreaterThan(containers.length * 2)
    for (const record of await Promise.all(records)) expect(record).toMatchObject({ code: 5, generation: 1 })
  })

  test('a wait that is cancelled rejects with the reason, and another goes on', async () => {
    const { container, end } = await held()
    await container.start()
    const enough = new AbortController()
    const cancelled = container.wait({ signal: enough.signal, timeout: 600 })
    const other = container.wait({ timeout: 600 })
    enough.abort(new Error('enough'))
    await expect(cancelled).rejects.toThrow('enough')
    end()
    expect(await other).toMatchObject({ code: 3 })
    await expect(container.wait({ for: 'running', generation: 9, timeout: 0 })).rejects.toThrow(
      WaitTimeoutError,
    )
  })
})
