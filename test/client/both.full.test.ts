/** One suite for both: an engine in this process, and the same over its owner's socket. */
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { serveOwner } from '../../src/api/serve.ts'
import { connectEngine, type RemoteContainer, type RemoteEngine } from '../../src/client/index.ts'
import type { Container, CreateOptions, Engine, EngineEvent, ExecSession } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'

type AnyEngine = Engine | RemoteEngine
type AnyContainer = Container | RemoteContainer

let place: TestPlace
let end: () => Promise<void>
let engine: AnyEngine
beforeEach(async () => {
  place = await testPlace()
})
afterEach(async () => {
  await end()
  await place[Symbol.asyncDispose]()
})

const ways: [string, () => Promise<void>][] = [
  [
    'embedded',
    async () => {
      engine = await place.open()
      end = async () => {}
    },
  ],
  [
    'over a socket',
    async () => {
      const owned = await place.open()
      const server = await serveOwner(owned, { logger: pino({ level: 'silent' }) })
      const connected = await connectEngine({ runRoot: place.runRoot })
      engine = connected
      end = async () => {
        await connected.close()
        await server.close()
      }
    },
  ],
]

const sh = (script: string, options: CreateOptions = {}): Promise<AnyContainer> =>
  engine.create({ rootfs: place.rootfs, command: ['sh', '-c', script], stopTimeout: 1, ...options })

const read = async (stream: ExecSession['stdout']): Promise<string> => {
  let text = ''
  for await (const chunk of stream ?? []) text += String(chunk)
  return text
}

describe.each(ways)('an engine %s', (_, open) => {
  beforeEach(open)

  test('takes a container through its life, and each call’s outcome is seen at once', async () => {
    const web = await sh('trap "exit 5" TERM; echo up; while :; do sleep 0.05; done', { name: 'web' })
    expect([web.name, web.state, web.generation]).toEqual(['web', 'created', 1])
    expect((await web.start()).id).toBe(web.id)
    expect([web.state, web.is('running', 'paused'), web.is('exited')]).toEqual(['running', true, false])
    expect(engine.get('web').inspect()).toEqual(web.inspect())
    await web.pause()
    expect(web.state).toBe('paused')
    await web.resume()
    expect(web.state).toBe('running')
    expect(await web.stop({ timeout: 20, by: 'a test' })).toMatchObject({ code: 5, cause: 'stopped-by-user' })
    expect((await web.refresh()).exitCode).toBe(5)
    await web.remove()
    expect(web.state).toBe('removed')
    expect(engine.snapshot().containers).toEqual([])
    expect(await engine.exitRecord(web.id)).toMatchObject({ code: 5, generation: 1 })
    expect(await engine.wait(web.id)).toMatchObject({ code: 5 })
  })

  test('lives again as the next generation, and tells of each', async () => {
    const once = await sh('exit 3', { labels: { tier: 'batch' } })
    await once.start()
    expect(await once.wait()).toMatchObject({ code: 3, generation: 1 })
    await once.wait({ for: 'exit', generation: 1 })
    await once.start()
    expect(await once.wait({ generation: 2 })).toMatchObject({ code: 3, generation: 2 })
    expect(await engine.exitRecord(once.id, 1)).toMatchObject({ generation: 1 })
    expect(once.inspect().labels).toEqual({ tier: 'batch' })
  })

  test('runs commands: collected, with streams, detached; lists and ends them', async () => {
    const web = await sh('trap "exit 0" TERM; while :; do sleep 0.05; done')
    await web.start()
    expect(await web.exec(['sh', '-c', 'cat; echo err >&2; exit 7'], { stdin: 'in' })).toMatchObject({
      ...{ exitCode: 7, stdout: 'in', stderr: 'err\n', truncated: false },
    })
    const cat = await web.execSession(['sh', '-c', 'cat; echo done >&2'], { stdin: true })
    cat.stdin?.end('hello')
    expect(await Promise.all([read(cat.stdout), read(cat.stderr)])).toEqual(['hello', 'done\n'])
    expect(await cat.exited).toMatchObject({ code: 0, signal: null })
    const left = await web.execSession(['sleep', '100'], { detach: true })
    expect((await web.execs()).map(({ id, detached }) => [id, detached])).toEqual([[left.id, true]])
    expect(await left.stop({ timeout: 0 })).toMatchObject({ code: 137, signal: 'SIGKILL' })
    let killed: ExecSession
    {
      await using held = await web.execSession(['sleep', '100'])
      killed = held
      expect(await web.execs()).toHaveLength(1)
    }
    expect(await killed.exited).toMatchObject({ code: 137 })
    expect(await web.execs()).toEqual([])
    expect((await web.top()).length).toBeGreaterThan(0)
  })

  test('streams output: logs, and whoever is attached', async () => {
    const echo = await sh('read line; echo "got $line"; echo oops >&2', { stdin: true })
    const attached = await echo.attach()
    await echo.start()
    await attached.write('this\n')
    const pieces: string[] = []
    for await (const { stream, data } of attached.output) pieces.push(`${stream}: ${data}`)
    expect(pieces.sort()).toEqual(['stderr: oops\n', 'stdout: got this\n'])
    await echo.wait()
    const logged: string[] = []
    for await (const { stream, data } of echo.logs({ follow: true })) logged.push(`${stream}: ${data}`)
    expect(logged.sort()).toEqual(['stderr: oops', 'stdout: got this'])
  })

  test('tells what happens as it happens, and from any number on', async () => {
    const live: EngineEvent[] = []
    engine.events.subscribe((event) => live.push(event))
    const before = engine.snapshot().seq
    const web = await sh('exit 0')
    await web.start()
    await web.remove({ force: true })
    const past: EngineEvent[] = []
    for await (const event of engine.events.past(before)) past.push(event)
    await expect.poll(() => live.length).toBe(past.length)
    expect(live).toEqual(past)
    expect(past.at(-1)).toMatchObject({ type: 'state', to: 'removed', seq: engine.events.last })
    const replayed: EngineEvent[] = []
    for await (const event of engine.events.since(before)) {
      replayed.push(event)
      if (event.seq === past.at(-1)?.seq) break
    }
    expect(replayed).toEqual(past)
  })

  test('tells of those events alone that are asked for', async () => {
    const before = engine.snapshot().seq
    const wanted = engine.events.filter({ label: 'tier=web', type: 'state' })
    const live: EngineEvent[] = []
    wanted.subscribe((event) => live.push(event))
    await (await sh('true', { name: 'other' })).remove({ force: true })
    await (await sh('true', { name: 'web', labels: { tier: 'web' } })).remove({ force: true })
    const names: string[] = []
    for await (const event of wanted.since(before)) {
      names.push(`${event.name}`)
      if (event.type === 'state' && event.to === 'removed') break
    }
    expect(new Set(names)).toEqual(new Set(['web']))
    await expect.poll(() => live.length).toBe(names.length)
    expect(live.every(({ name }) => name === 'web')).toBe(true)
  })

  test('keeps the set of containers, live', async () => {
    const told = vi.fn()
    engine.containers.subscribe((set) => told(set.map(({ name, state }) => `${name} ${state}`).join()))
    expect(told).toHaveBeenLastCalledWith('')
    const web = await sh('sleep 100', { name: 'web' })
    await expect.poll(() => told.mock.lastCall).toEqual(['web created'])
    await web.start()
    expect(engine.containers.value.map(({ state }) => state)).toEqual(['running'])
    await web.remove({ force: true })
    await expect.poll(() => told.mock.lastCall).toEqual([''])
  })

  test('refuses what cannot be with the same errors, and changes nothing', async () => {
    const web = await sh('sleep 100', { name: 'web', key: 'k' })
    await web.start()
    const refused = {
      name: 'IllegalTransitionError',
      code: 'EILLEGALTRANSITION',
      state: 'running',
      event: 'start',
    }
    await expect(web.start()).rejects.toMatchObject({ ...refused, containerId: web.id })
    await expect(sh('true', { name: 'web' })).rejects.toMatchObject({
      name: 'NameTakenError',
      code: 'ENAMETAKEN',
    })
    await expect(sh('true', { key: 'k' })).rejects.toMatchObject({ name: 'KeyTakenError', code: 'EKEYTAKEN' })
    await expect(sh('true', { name: '-x' })).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'EINPUT',
    })
    expect(() => engine.get('nobody')).toThrow('no container has the id or name "nobody"')
    await expect((async () => engine.exitRecord('nobody'))()).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(web.exec(['/no/such'])).rejects.toMatchObject({ failure: 'command-not-found' })
    await expect(web.wait({ timeout: 0 })).rejects.toMatchObject({
      name: 'WaitTimeoutError',
      state: 'running',
    })
    await expect(web.wait({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect(engine.snapshot().containers.map(({ name, state }) => [name, state])).toEqual([['web', 'running']])
  })

  test('a create that is given up is undone; a container held by a block is removed', async () => {
    await expect(
      engine.create(
        { rootfs: place.rootfs, command: ['true'] },
        { signal: AbortSignal.abort(new Error('no')) },
      ),
    ).rejects.toThrow('no')
    {
      await using web = await sh('sleep 100')
      await web.start()
      expect(engine.snapshot().containers).toHaveLength(1)
    }
    expect(engine.snapshot().containers).toEqual([])
  })
})
