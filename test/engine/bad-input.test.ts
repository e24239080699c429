import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CreateOptions, type Engine, openEngine, RunchartError } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { runtimeThat, script } from '../fixtures/programs.ts'
import { makeBundle } from '../fixtures/rootfs.ts'

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
})
afterAll(() => place[Symbol.asyncDispose]())

/** What it threw; it must have been one of ours, and say what to do. */
async function failure(work: Promise<unknown>): Promise<RunchartError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RunchartError)
  return error as RunchartError
}

/** Asserts that creating with these options fails, and that nothing of it is there afterwards. */
async function refused(options: CreateOptions): Promise<RunchartError> {
  const before = engine.snapshot()
  const error = await failure(engine.create(options))
  expect(engine.snapshot()).toEqual(before)
  expect(place.leftovers()).toEqual([])
  return error
}

const valid = (): CreateOptions => ({ rootfs: place.rootfs, command: ['true'] })

describe('a machine that lacks a program', () => {
  const elsewhere = () => ({ root: join(place.path, 'other'), runRoot: join(place.path, 'other-run') })

  test.each([
    ['runtime', { runtime: '/nonexistent/runc' }],
    ['runtime of no known name', { runtime: 'no-such-runtime' }],
    ['conmon', { conmon: '/nonexistent/conmon' }],
    ['runtime that is a directory', { runtime: '/usr' }],
    ['runtime that is no program', { runtime: '/etc/hostname' }],
    ['runtime that is another program', { runtime: '/bin/true' }],
    ['conmon that is another program', { conmon: '/bin/true' }],
  ])('%s: says which, and makes nothing', async (_, options) => {
    const error = await failure(openEngine({ ...elsewhere(), ...options }))
    expect(error.code).toBe('EPROGRAM')
    expect(error.hint).toBeTruthy()
    expect(existsSync(join(place.path, 'other'))).toBe(false)
  })

  test('a version that is too old is named', async () => {
    const old = script(place.path, 'old-runc', 'echo "runc version 0.1.1"')
    const error = await failure(openEngine({ ...elsewhere(), runtime: old }))
    expect(error).toMatchObject({ code: 'EPROGRAM', message: expect.stringContaining('0.1.1') })
  })
})

describe('a root', () => {
  test('owned by a live engine is refused with the owner’s pid', async () => {
    const error = await failure(openEngine({ root: place.root, runRoot: place.runRoot }))
    expect(error).toMatchObject({ code: 'EROOTOWNED', pid: process.pid })
  })

  test('reached by another way is the same root', async () => {
    const link = join(place.path, 'link')
    symlinkSync(place.root, link)
    const error = await failure(openEngine({ root: link, runRoot: join(place.path, 'another-run') }))
    expect(error.code).toBe('EROOTOWNED')
  })

  test('shares no run root with another root', async () => {
    const error = await failure(openEngine({ root: join(place.path, 'another'), runRoot: place.runRoot }))
    expect(error.code).toBe('EROOTOWNED')
  })

  test('that is not writable is refused', async () => {
    const error = await failure(openEngine({ root: '/proc/runchart', runRoot: join(place.path, 'r') }))
    expect(error).toMatchObject({ code: 'EROOT', message: expect.stringContaining('/proc/runchart') })
    expect(error.hint).toContain('--root')
  })

  test('that is a file is refused', async () => {
    const error = await failure(openEngine({ root: '/etc/hostname', runRoot: join(place.path, 'r') }))
    expect(error.code).toBe('EROOT')
  })

  test('with a relative path is refused', async () => {
    const error = await failure(openEngine({ root: 'relative', runRoot: join(place.path, 'r') }))
    expect(error.code).toBe('EINPUT')
  })
})

describe('a bundle', () => {
  const bundle = async (name: string, spoil: (path: string) => void): Promise<string> => {
    const path = await makeBundle(join(place.path, name), { args: ['true'], rootfs: place.rootfs })
    spoil(path)
    return path
  }

  test.each<[string, (path: string) => void]>([
    ['no config.json', (path) => rmSync(join(path, 'config.json'))],
    ['broken JSON', (path) => writeFileSync(join(path, 'config.json'), '{ "process": ')],
    ['JSON that is no spec', (path) => writeFileSync(join(path, 'config.json'), '[1, 2]')],
  ])('with %s is refused', async (name, spoil) => {
    const path = await bundle(`bundle ${name}`, spoil)
    const error = await refused({ bundle: path })
    expect(error).toMatchObject({ code: 'EINPUT', message: expect.stringContaining(path) })
  })

  test('without its root file system is refused', async () => {
    const missing = join(place.path, 'no-such-rootfs')
    const path = await makeBundle(join(place.path, 'bundle-no-rootfs'), { args: ['true'], rootfs: missing })
    const error = await refused({ bundle: path })
    expect(error).toMatchObject({ code: 'EINPUT', message: expect.stringContaining(missing) })
  })

  test('that does not exist is refused', async () => {
    expect(await refused({ bundle: join(place.path, 'nowhere') })).toMatchObject({ code: 'EINPUT' })
  })
})

describe('a command', () => {
  /** The rows of failed creates come and go; what must not be left is anything but their events. */
  async function cannotRun(command: string[]): Promise<RunchartError> {
    const error = await failure(engine.create({ ...valid(), name: 'broken', command }))
    expect(engine.snapshot().containers).toEqual([])
    expect(place.leftovers()).toEqual([])
    return error
  }

  test('that does not exist fails, in the runtime’s own words', async () => {
    const error = await cannotRun(['no-such-command'])
    expect(error).toMatchObject({ code: 'ERUNTIME', failure: 'command-not-found' })
    expect(error.message).toContain('no-such-command')
  })

  test('that is not executable fails as such', async () => {
    const error = await cannotRun(['/bin/not-executable'])
    expect(error).toMatchObject({ code: 'ERUNTIME', failure: 'command-not-executable' })
  })

  test('that failed leaves its name free, and its exit on record', async () => {
    const error = await failure(engine.create({ ...valid(), name: 'broken', command: ['no-such-command'] }))
    expect(engine.exitRecord(error.containerId ?? '')).toMatchObject({ code: -1, cause: 'create-failed' })
    const container = await engine.create({ ...valid(), name: 'broken' })
    await container.remove()
  })
})

describe('names', () => {
  test.each(['', '-v', 'a/b', '..', '.', 'x'.repeat(300), 'a b', 'näme', 'a\nb', 'a\0b'])(
    '%j is refused',
    async (name) => {
      expect(await refused({ ...valid(), name })).toMatchObject({ code: 'EINPUT' })
    },
  )

  test('one that is taken is refused, also when both come at once', async () => {
    const outcomes = await Promise.allSettled([
      engine.create({ ...valid(), name: 'twin' }),
      engine.create({ ...valid(), name: 'twin' }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'ENAMETAKEN' })
    await engine.get('twin').remove()
  })

  test.each(['', '../etc', '-', 'x'.repeat(300), 'nobody'])('no container is found under %j', (name) => {
    expect(() => engine.get(name)).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }))
  })
})

describe('options', () => {
  test.each<[string, CreateOptions]>([
    ['an unknown stop signal', { stopSignal: 'SIGWHAT' }],
    ['stop signal 0', { stopSignal: 0 }],
    ['a negative stop timeout', { stopTimeout: -1 }],
    ['a stop timeout that is no number', { stopTimeout: Number.NaN }],
    ['a stop timeout beyond any timer', { stopTimeout: 2 ** 31 }],
    ['no memory at all', { memory: 0 }],
    ['negative cpus', { cpus: -1 }],
    ['a relative working directory', { workdir: 'tmp' }],
    ['an environment without names', { env: ['=x'] }],
    ['an unknown user', { user: 'nobody-here' }],
    ['no command', { command: [] }],
    ['a bundle as well', { bundle: '/tmp' }],
  ])('%s: refused', async (_, options) => {
    expect(await refused({ ...valid(), ...options })).toMatchObject({ code: 'EINPUT' })
  })

  test('neither bundle nor rootfs: refused', async () => {
    expect(await refused({ command: ['true'] })).toMatchObject({ code: 'EINPUT' })
  })

  test('an unknown signal to kill, and a negative timeout to stop, change nothing', async () => {
    const container = await place.sh(engine, 'sleep 1000')
    await container.start()
    expect(await failure(container.kill('SIGWHAT'))).toMatchObject({ code: 'EINPUT' })
    expect(await failure(container.kill(65))).toMatchObject({ code: 'EINPUT' })
    expect(await failure(container.stop({ timeout: -1 }))).toMatchObject({ code: 'EINPUT' })
    expect(container.state).toBe('running')
    await container.remove({ force: true })
  })
})

describe('a runtime', () => {
  test('that fails with noise on both streams is an error with its last words', async () => {
    const inner = await testPlace()
    const noisy = runtimeThat(inner.path, 'start', 'echo noise; echo "the last words" >&2; exit 3')
    const engine = await inner.open({ runtime: noisy })
    const container = await inner.sh(engine, 'true')
    const error = await failure(container.start())
    expect(error).toMatchObject({ code: 'ERUNTIME', containerId: container.id, program: { exitCode: 3 } })
    expect(error.message).toContain('the last words')
    expect(container.inspect()).toMatchObject({ state: 'created', error: { code: 'ERUNTIME' } })
    await engine.close()
    await inner[Symbol.asyncDispose]()
  })
})

describe('a create that is given up', () => {
  test('leaves no conmon, no container and no row', async () => {
    const inner = await testPlace()
    mkdirSync(join(inner.path, 'slow'))
    const slow = runtimeThat(join(inner.path, 'slow'), 'create', 'sleep 1000')
    const engine = await inner.open({ runtime: slow })
    const abort = new AbortController()
    engine.events.subscribe((event) => {
      if (event.type === 'state' && event.to === 'creating')
        setTimeout(() => abort.abort(new Error('enough')), 100)
    })
    await expect(
      engine.create({ rootfs: inner.rootfs, command: ['true'] }, { signal: abort.signal }),
    ).rejects.toThrow('enough')
    expect(engine.snapshot().containers).toEqual([])
    expect(inner.leftovers()).toEqual([])
    await engine.close()
    await inner[Symbol.asyncDispose]()
  })
})

describe('a closed engine', () => {
  test('takes nothing more, ends its streams, and lets go of its root', async () => {
    const inner = await testPlace()
    const engine = await inner.open()
    const container = await inner.sh(engine, 'sleep 1000')
    await container.start()
    let completed = false
    engine.events.subscribe({ complete: () => (completed = true) })
    const waiting = failure(container.wait())
    await engine.close()
    expect(await waiting).toMatchObject({ code: 'ECLOSED' })
    expect(completed).toBe(true)
    expect(() => engine.snapshot()).toThrow(expect.objectContaining({ code: 'ECLOSED' }))
    expect(await failure(container.stop())).toMatchObject({ code: 'ECLOSED' })
    await inner[Symbol.asyncDispose]()
  })
})
