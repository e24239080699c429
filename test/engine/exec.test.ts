import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Container,
  type Engine,
  type EngineEvent,
  type ExecSession,
  IllegalTransitionError,
  InvalidInputError,
  NotFoundError,
  RuntimeError,
  StoreError,
} from '../../src/index.ts'
import { longSleep, markOf } from '../effects/exec/lab.ts'
import { processesNaming } from '../effects/lab.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { makeBundle } from '../fixtures/rootfs.ts'

let place: TestPlace
let engine: Engine
let web: Container
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
  web = await place.sh(engine, 'trap "exit 0" TERM; while :; do sleep 0.05; done')
  await web.start()
})
afterAll(() => place[Symbol.asyncDispose]())

/** Resolves with the first thing that a stream says. */
const firstWord = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  if (stream === null) throw new Error('there is no stream')
  const [chunk] = await once(stream, 'data')
  return String(chunk).trim()
}

/** What the store has of a container's commands, after an event. */
const execEvents = (since = 0, { id } = web): EngineEvent[] =>
  [...engine.events.past(since)].filter(
    (event) => event.containerId === id && (event.type.startsWith('exec.') || event.type === 'state'),
  )

const runsYet = async (script: string): Promise<number> => (await processesNaming(script)).length

describe('a collected command', () => {
  test('gives its exit code and both streams', async () => {
    expect(await web.exec(['id', '-u'])).toEqual({
      ...{ exitCode: 0, signal: null, stdout: '0\n', stderr: '', truncated: false },
    })
    expect(await web.exec(['sh', '-c', 'echo out; echo err >&2; exit 7'])).toMatchObject({
      ...{ exitCode: 7, stdout: 'out\n', stderr: 'err\n' },
    })
  })

  test('is ended by the signal that its exit names', async () => {
    expect(await web.exec(['sh', '-c', 'kill -TERM $$'])).toMatchObject({ exitCode: 143, signal: 'SIGTERM' })
  })

  test('has the user, directory and variables that it is given, else the container’s own', async () => {
    const script = 'pwd; id -u; id -g; id -G; echo $A'
    const given = { user: 'alice', workdir: '/tmp', env: ['A=b c'] }
    expect((await web.exec(['sh', '-c', script], given)).stdout).toBe('/tmp\n1000\n1000\n1000 50\nb c\n')
    expect((await web.exec(['sh', '-c', script])).stdout).toBe('/\n0\n0\n0\n\n')
  })

  test('gains no privileges where its container must not', async () => {
    const bundle = await makeBundle(join(place.path, 'bundle'), { args: ['sleep', '60'] })
    await using container = await engine.create({ bundle })
    await container.start()
    const options = { command: ['cat', '/proc/self/status'] }
    expect((await container.exec(options.command)).stdout).toMatch(/NoNewPrivs:\s+1/)
    expect((await web.exec(options.command)).stdout).toMatch(/NoNewPrivs:\s+0/)
  })

  test('has the capabilities that it is given', async () => {
    const { stdout } = await web.exec(['cat', '/proc/self/status'], { capAdd: ['sys_chroot'] })
    expect(Number.parseInt(/CapEff:\s+(\w+)/.exec(stdout)?.[1] ?? '', 16) & (1 << 18)).toBeTruthy()
  })

  test('reads what it is given, 1.5 MB whole, and then the end', async () => {
    const stdin = Buffer.alloc(1_500_000, 'abc\n')
    const result = await web.exec(['cat'], { stdin, maxOutputBytes: 2_000_000 })
    expect(result.stdout).toBe(stdin.toString())
  })

  test('has 20,000 lines whole and in order', async () => {
    const { stdout, truncated } = await web.exec(['seq', '20000'])
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, line) => `${line + 1}\n`).join(''))
    expect(truncated).toBe(false)
  })

  test('keeps a bounded part of what it writes, and says so', async () => {
    const { stdout, truncated, exitCode } = await web.exec(['seq', '100000'], { maxOutputBytes: 4 })
    expect({ stdout, truncated, exitCode }).toEqual({ stdout: '1\n2\n', truncated: true, exitCode: 0 })
  })

  test('is killed with the call that it is bound to', async () => {
    const abort = new AbortController()
    const running = web.exec(longSleep(967), { signal: abort.signal })
    await expect.poll(() => web.execs()[0]?.state).toBe('running')
    abort.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    await expect.poll(() => runsYet(markOf(967))).toBe(0)
    expect(web.execs()).toEqual([])
  })

  test.each([0, 5, 15, 20, 25, 30, 35])(
    'leaves nothing where the call is aborted after %i ms',
    async (ms) => {
      const abort = new AbortController()
      const running = web.exec(longSleep(952), { signal: abort.signal })
      setTimeout(() => abort.abort(new Error('enough')), ms)
      await expect(running).rejects.toThrow('enough')
      await expect.poll(() => web.execs()).toEqual([])
      await expect.poll(() => runsYet(markOf(952))).toBe(0)
    },
  )

  test('runs beside many others', async () => {
    const codes = Array.from({ length: 30 }, (_, code) => code)
    const results = await Promise.all(
      codes.map((code) => web.exec(['sh', '-c', `echo ${code}; exit ${code}`])),
    )
    expect(results.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual(
      codes.map((code) => [code, `${code}\n`]),
    )
  })

  test('is not begun where the call is aborted before', async () => {
    const { seq } = engine.snapshot()
    await expect(web.exec(['true'], { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
    expect(execEvents(seq)).toEqual([])
  })
})

describe('a session', () => {
  test('has streams, and is listed while it lives', async () => {
    const session = await web.execSession(['cat'], { stdin: true })
    expect(web.execs()).toEqual([
      {
        ...{ id: session.id, command: ['cat'], state: 'running', pid: session.pid, detached: false },
        startedAt: expect.any(String),
      },
    ])
    session.stdin?.write('hello\n')
    expect(await firstWord(session.stdout)).toBe('hello')
    session.stdin?.end()
    expect(await session.exited).toEqual({ code: 0, signal: null, cause: 'exited' })
    expect(web.execs()).toEqual([])
  })

  test('gets descriptors as 3 and 4', async () => {
    const paths = ['a', 'b'].map((name) => join(place.path, name))
    const preserveFds = paths.map((path) => openSync(path, 'w+'))
    const result = await web.exec(['sh', '-c', 'echo three >&3; echo four >&4'], { preserveFds })
    for (const fd of preserveFds) closeSync(fd)
    expect(result.exitCode).toBe(0)
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['three\n', 'four\n'])
  })

  test('takes signals', async () => {
    const session = await web.execSession([
      'sh',
      '-c',
      'trap "exit 5" USR1; echo up; while :; do sleep 0.05; done',
    ])
    await firstWord(session.stdout)
    await session.kill('USR1')
    expect(await session.exited).toMatchObject({ code: 5, cause: 'exited' })
    await expect(session.kill()).rejects.toThrow(IllegalTransitionError)
  })

  test('its events are committed in order, and before it is told', async () => {
    const { seq } = engine.snapshot()
    const session = await web.execSession(['sh', '-c', 'exit 3'])
    await session.exited
    expect(execEvents(seq)).toMatchObject([
      { type: 'exec.started', sessionId: session.id, command: ['sh', '-c', 'exit 3'], detached: false },
      { type: 'exec.exited', sessionId: session.id, exitCode: 3, cause: 'exited' },
    ])
  })

  test('leaves nothing behind', async () => {
    expect(readdirSync(join(place.runRoot, 'containers', web.id, 'exec'))).toEqual([])
    expect(readdirSync(join(place.runRoot, 'socket'))).toEqual([web.id])
  })
})

test('a session whose runtime is killed under it is ended, −1', async () => {
  const session = await web.execSession(longSleep(947))
  const stat = readFileSync(`/proc/${session.pid}/stat`, 'latin1')
  const runtime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  process.kill(runtime, 'SIGKILL')
  expect(await session.exited).toEqual({ code: -1, signal: null, cause: 'monitor-lost' })
  await expect.poll(() => runsYet(markOf(947))).toBe(0)
})

describe('a detached session', () => {
  test('tells its exit code as an event', async () => {
    const { seq } = engine.snapshot()
    const session = await web.execSession(['sh', '-c', 'sleep 0.1; exit 6'], { detach: true })
    expect(session).toMatchObject({ stdin: null, stdout: null, stderr: null })
    expect(web.execs()).toMatchObject([{ id: session.id, detached: true, state: 'running' }])
    expect(await session.exited).toMatchObject({ code: 6 })
    expect(execEvents(seq)).toMatchObject([
      // It may be over before it is looked at.
      { type: 'exec.started', detached: true, ...(session.pid !== null && { pid: session.pid }) },
      { type: 'exec.exited', exitCode: 6 },
    ])
  })

  test('its exit is not taken for its container’s', async () => {
    await (await web.execSession(['true'], { detach: true })).exited
    expect(web.state).toBe('running')
    expect(readdirSync(join(place.runRoot, 'exits'))).toEqual([])
  })

  test('that loses its conmon is ended, −1', async () => {
    const session = await web.execSession(longSleep(966), { detach: true })
    const directory = join(place.runRoot, 'containers', web.id, 'exec', session.id)
    process.kill(Number(readFileSync(join(directory, 'conmon.pid'), 'utf8')), 'SIGKILL')
    expect(await session.exited).toEqual({ code: -1, signal: null, cause: 'monitor-lost' })
    await expect.poll(() => runsYet(markOf(966))).toBe(0)
  })
})

describe('a command that cannot be run', () => {
  beforeEach(() => expect(web.execs()).toEqual([]))

  test.each([
    ['nosuch', 'command-not-found'],
    ['/etc', 'command-not-executable'],
  ])('%s: %s, attached or detached', async (command, failure) => {
    for (const detach of [false, true]) {
      const error = await web.execSession([command], { detach }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(RuntimeError)
      expect(error).toMatchObject({ failure, containerId: web.id })
    }
    expect(web.execs()).toEqual([])
  })

  test.each([
    ['no command', [], {}],
    ['an empty program', [''], {}],
    ['a NUL byte', ['a\0b'], {}],
    ['a variable without a value', ['true'], { env: ['A'] }],
    ['a relative directory', ['true'], { workdir: 'tmp' }],
    ['a user that is not there', ['true'], { user: 'nobody-here' }],
    ['a capability that is none', ['true'], { capAdd: ['--root'] }],
    ['a descriptor that is not open', ['true'], { preserveFds: [999_999] }],
    ['a size that is none', ['true'], { tty: true, size: { columns: 0, rows: 24 } }],
    ['input though detached', ['true'], { stdin: true, detach: true }],
  ] as const)('%s is refused, and nothing is begun', async (_, command, options) => {
    const { seq } = engine.snapshot()
    await expect(web.execSession([...command], { ...options } as never)).rejects.toThrow(InvalidInputError)
    expect(engine.snapshot().seq).toBe(seq)
  })

  test.each(['created', 'paused', 'exited'])('is refused in a container that is %s', async (state) => {
    await using container = await place.sh(engine, 'sleep 0.2')
    if (state !== 'created') await container.start()
    if (state === 'paused') await container.pause()
    if (state === 'exited') await expect.poll(() => container.state).toBe('exited')
    const error = await container.exec(['true']).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(IllegalTransitionError)
    expect(error).toMatchObject({ state, event: 'exec' })
  })
})

test('nothing is run that cannot be recorded', async () => {
  await using other = await testPlace()
  const first = await other.open()
  const container = await other.sh(first, 'while :; do sleep 0.05; done')
  await container.start()
  const locked = new DatabaseSync(join(other.root, 'store.db'))
  locked.exec('BEGIN IMMEDIATE')
  const error = await container.exec(longSleep(949)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StoreError)
  expect(await runsYet(markOf(949))).toBe(0)
  locked.exec('ROLLBACK')
  locked.close()
  await expect.poll(async () => (await container.exec(['echo', 'on'])).stdout).toBe('on\n')
})

describe('stopping sessions', () => {
  const stubborn = 'trap "" TERM; echo up; while :; do sleep 0.05; done'

  test('is TERM, and KILL when the time is up', async () => {
    const polite = await web.execSession([
      'sh',
      '-c',
      'trap "exit 4" TERM; echo up; while :; do sleep 0.05; done',
    ])
    const rude = await web.execSession(['sh', '-c', stubborn])
    await Promise.all([firstWord(polite.stdout), firstWord(rude.stdout)])
    await web.execStop({ timeout: 0.3 })
    expect(await polite.exited).toEqual({ code: 4, signal: null, cause: 'stopped' })
    expect(await rude.exited).toEqual({ code: 137, signal: 'SIGKILL', cause: 'stopped' })
    expect(web.state).toBe('running')
  })

  test('ends detached ones too, and one alone where it is named', async () => {
    const [one, other] = await Promise.all([
      web.execSession(longSleep(965), { detach: true }),
      web.execSession(longSleep(964), { detach: true }),
    ])
    await web.execStop({ session: one.id.slice(0, 12), timeout: 5 })
    expect(await one.exited).toMatchObject({ code: 143, cause: 'stopped' })
    expect(web.execs().map(({ id }) => id)).toEqual([other.id])
    await web.execStop({ timeout: 0 })
    expect(await other.exited).toMatchObject({ code: 137 })
  })

  test('of one that is not live, or is not named, is refused', async () => {
    await expect(web.execStop({ session: 'nosuch' })).rejects.toThrow(NotFoundError)
    await expect(web.execKill('nosuch')).rejects.toThrow(NotFoundError)
    await expect(web.execStop({ session: '' })).rejects.toThrow(InvalidInputError)
    await expect(web.execKill('')).rejects.toThrow(InvalidInputError)
  })

  test('is refused while the container is paused, and goes on afterwards', async () => {
    await using container = await place.sh(engine, 'while :; do sleep 0.05; done')
    await container.start()
    const session = await container.execSession(longSleep(953))
    await container.pause()
    const error = await container.execStop().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(IllegalTransitionError)
    expect(error).toMatchObject({ state: 'paused', hint: expect.stringContaining('resume') })
    await container.resume()
    await container.execStop({ timeout: 5 })
    expect(await session.exited).toMatchObject({ code: 143, cause: 'stopped' })
  })

  test('a killed command’s exit comes though nobody reads its output', async () => {
    const session = await web.execSession(['yes'])
    await session.stop({ timeout: 0 })
    expect(await session.exited).toMatchObject({ code: 137, cause: 'stopped' })
  })
})

describe('when the container’s run ends', () => {
  const busy = async (): Promise<Container> => {
    const container = await place.sh(engine, 'echo up; trap "exit 0" TERM; while :; do sleep 0.05; done')
    await container.start()
    return container
  }
  const typesOf = (container: Container): string[] =>
    execEvents(0, container).map((event) => (event.type === 'state' ? event.to : event.type))

  test.each(['stop', 'kill', 'remove'] as const)('by %s: the sessions’ exits come first', async (how) => {
    const container = await busy()
    const attached = await container.execSession(longSleep(963))
    const detached = await container.execSession(longSleep(963), { detach: true })
    if (how === 'remove') await container.remove({ force: true })
    else await container[how]()
    expect(await attached.exited).toMatchObject({ code: expect.any(Number) })
    expect(await detached.exited).toMatchObject({ code: expect.any(Number) })
    await expect.poll(() => typesOf(container)).toContain('stopped')
    const types = typesOf(container)
    expect(types.filter((type) => type === 'exec.exited')).toHaveLength(2)
    expect(types.lastIndexOf('exec.exited')).toBeLessThan(types.indexOf('stopped'))
    expect(await runsYet(markOf(963))).toBe(0)
    if (how !== 'remove') await container.remove({ force: true })
  })

  test('a late command is refused, and the next run takes them again', async () => {
    await using container = await busy()
    const session = await container.execSession(longSleep(962))
    const stopping = container.stop()
    await expect(container.exec(['true'])).rejects.toThrow(IllegalTransitionError)
    await stopping
    await session.exited
    await container.start()
    expect((await container.exec(['echo', 'again'])).stdout).toBe('again\n')
  })
})

describe('when the engine dies', () => {
  test.each([
    ['with pipes', 'no'],
    ['with a terminal', 'yes'],
  ])('what was bound to it %s is ended by the next one, −1', async (_, EXEC_TTY) => {
    await using other = await testPlace()
    const program = join(import.meta.dirname, 'exec-owner.ts')
    const owner = spawn(process.execPath, [program, other.path, ...longSleep(957)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, EXEC_TTY },
    })
    const { id, session } = JSON.parse(await firstWord(owner.stdout))
    expect(await runsYet(markOf(957))).toBeGreaterThan(0)
    owner.kill('SIGKILL')
    await once(owner, 'exit')

    const next = await other.open()
    expect(next.get(id).execs()).toEqual([])
    const exits = [...next.events.past(0)].filter(({ type }) => type === 'exec.exited')
    expect(exits).toMatchObject([{ sessionId: session, exitCode: -1, cause: 'monitor-lost' }])
    await expect.poll(() => runsYet(markOf(957))).toBe(0)
    expect(next.get(id).state).toBe('running')
    expect((await next.get(id).exec(['echo', 'on'])).stdout).toBe('on\n')
  })
})

test('a container that an earlier engine created takes commands once it runs', async () => {
  await using other = await testPlace()
  const first = await other.open()
  const { id } = await other.sh(first, 'while :; do sleep 0.05; done')
  await first.close()
  const container = (await other.open()).get(id)
  await container.start()
  expect((await container.exec(['echo', 'on'])).stdout).toBe('on\n')
})

describe('when the engine closes', () => {
  test('what is bound to it ends; what is detached lives on, is found again, and its exit arrives', async () => {
    await using other = await testPlace()
    const first = await other.open()
    const container = await other.sh(first, 'while :; do sleep 0.05; done')
    await container.start()
    const attached = await container.execSession(longSleep(961))
    const detached = await container.execSession(
      ['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 8'],
      {
        detach: true,
      },
    )
    detached.exited.catch(() => {})
    await first.close()
    expect(await attached.exited).toMatchObject({ code: 137 })
    expect(await runsYet(markOf(961))).toBe(0)

    const second = await other.open()
    const found = second.get(container.id)
    expect(found.execs()).toMatchObject([
      { id: detached.id, pid: detached.pid, detached: true, state: 'running' },
    ])
    closeSync(openSync(join(other.rootfs, 'tmp/go'), 'w'))
    await expect.poll(() => found.execs()).toEqual([])
    expect([...second.events.past(0)].filter(({ type }) => type === 'exec.exited')).toMatchObject([
      { sessionId: attached.id, exitCode: 137 },
      { sessionId: detached.id, exitCode: 8, cause: 'exited' },
    ])
  })

  test('what is bound to it ends though its container is frozen', async () => {
    await using other = await testPlace()
    const first = await other.open()
    const container = await other.sh(first, 'while :; do sleep 0.05; done')
    await container.start()
    const session = await container.execSession(longSleep(950))
    await container.pause()
    await first.close()
    expect(await session.exited).toEqual({ code: -1, signal: null, cause: 'monitor-lost' })
    const second = await other.open()
    await second.get(container.id).resume()
    await expect.poll(() => runsYet(markOf(950))).toBe(0)
  })

  test('one that ended meanwhile has its exit told by the next', async () => {
    await using other = await testPlace()
    const first = await other.open()
    const container = await other.sh(first, 'while :; do sleep 0.05; done')
    await container.start()
    const session = await container.execSession(longSleep(960), { detach: true })
    session.exited.catch(() => {})
    await first.close()
    process.kill(session.pid ?? 0, 'SIGTERM')
    await expect.poll(() => runsYet(markOf(960))).toBe(0)
    const second = await other.open()
    await expect.poll(() => second.get(container.id).execs()).toEqual([])
    const exits = [...second.events.past(0)].filter(({ type }) => type === 'exec.exited')
    expect(exits).toMatchObject([{ sessionId: session.id, exitCode: 143 }])
  })
})

describe('a session held by a block', () => {
  test('is killed at its end; a detached one lives on', async () => {
    let session: ExecSession
    let detached: ExecSession
    {
      await using held = await web.execSession(['sleep', '7101'])
      await using left = await web.execSession(['sleep', '7102'], { detach: true })
      session = held
      detached = left
      expect(web.execs().map(({ id }) => id)).toEqual([held.id, left.id])
    }
    expect(await session.exited).toMatchObject({ code: 137, signal: 'SIGKILL' })
    expect(() => process.kill(session.pid ?? 0, 0)).toThrow('ESRCH')
    expect(web.execs().map(({ id }) => id)).toEqual([detached.id])
    await detached.stop({ timeout: 0 })
  })

  test('whoever waits for its end may give up, and it goes on', async () => {
    await using session = await web.execSession([
      'sh',
      '-c',
      'trap "" TERM; echo ready; while :; do sleep 0.05; done',
    ])
    await firstWord(session.stdout)
    const never = session.stop({ timeout: 600, signal: AbortSignal.timeout(10) })
    await expect(never).rejects.toThrow('timeout')
    expect(web.execs().map(({ id }) => id)).toEqual([session.id])
  })
})
