import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { pino } from 'pino'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../effects/process/identity.ts'
import { findProgram } from '../../effects/runtime/find.ts'
import type { Container, Engine } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { runtimeThat, TEST_RUNTIME } from '../fixtures/programs.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LOOP = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'

const running = async (engine: Engine): Promise<Container> => {
  const container = await place.sh(engine, LOOP)
  await container.start()
  for await (const _ of container.logs({ follow: true })) return container
  throw new Error('the container wrote nothing')
}

/** The runtime, asked behind the engine's back. */
const runtime = (...args: string[]) =>
  execa(findProgram(TEST_RUNTIME), ['--root', join(place.runRoot, 'runtime'), ...args])

const exitFile = ({ id }: Container): string => join(place.runRoot, 'exits', id)
const ids = (container: Container): { pid: number; monitor: number } => {
  const { pid, monitorPid } = container.inspect()
  return { pid: pid ?? 0, monitor: monitorPid ?? 0 }
}
const gone = (pid: number) => expect.poll(() => identifyProcess(pid)).toBeUndefined()

describe('a refresh takes the state from the runtime', () => {
  test('created, where nothing was done', async () => {
    const container = await place.sh(await place.open(), LOOP)
    expect(await container.refresh()).toMatchObject({ state: 'created' })
  })

  test('running, where the runtime was told to start it', async () => {
    const container = await place.sh(await place.open(), LOOP)
    await runtime('start', container.id)
    expect(await container.refresh()).toMatchObject({ state: 'running', pid: expect.any(Number) })
    expect(await container.stop({ timeout: 600 })).toMatchObject({ code: 5 })
  })

  test('paused, where the runtime was told to pause it, and running again', async () => {
    const container = await running(await place.open())
    await runtime('pause', container.id)
    expect(await container.refresh()).toMatchObject({ state: 'paused' })
    await runtime('resume', container.id)
    expect(await container.refresh()).toMatchObject({ state: 'running' })
  })

  test('stopped, and the exit that conmon tells', async () => {
    const container = await running(await place.open())
    const { pid, monitor } = ids(container)
    // conmon is kept from telling of the exit, so that only the runtime can.
    process.kill(monitor, 'SIGSTOP')
    process.kill(pid, 'SIGKILL')
    const refreshed = container.refresh()
    await expect.poll(() => container.state).toBe('reconciling')
    process.kill(monitor, 'SIGCONT')
    await refreshed
    expect(await container.wait()).toMatchObject({ code: 137, cause: 'signalled' })
  })

  test('unknown: the runtime is quoted, and asked again until it makes sense', async () => {
    const nonsense = join(place.path, 'nonsense')
    const answer = '{"id":"x","status":"melting","pid":1,"bundle":"/b"}'
    const script = `if [ -e ${nonsense} ]; then echo '${answer}'; exit 0; fi`
    const container = await running(await place.open({ runtime: runtimeThat(place.path, 'state', script) }))
    writeFileSync(nonsense, '')
    await expect(container.refresh()).rejects.toThrow(/state .*unknown status "melting"/)
    expect(container.state).toBe('reconciling')
    rmSync(nonsense)
    await expect.poll(() => container.state, { timeout: 20_000 }).toBe('running')
  })

  test('nothing is asked for a container without a process', async () => {
    const engine = await place.open()
    const container = await running(engine)
    await container.stop()
    await expect.poll(() => container.state).toBe('exited')
    const { seq } = engine.snapshot()
    expect(await container.refresh()).toMatchObject({ state: 'exited', exitCode: 5 })
    expect(engine.snapshot().seq).toBe(seq)
  })
})

describe('the exit file alone', () => {
  test('tells of an exit; the runtime is not asked', async () => {
    const refuses = runtimeThat(place.path, 'state', 'exit 1')
    const container = await running(await place.open({ runtime: refuses }))
    process.kill(ids(container).pid, 'SIGKILL')
    expect(await container.wait()).toMatchObject({ code: 137 })
    await expect.poll(() => container.state).toBe('exited')
  })
})

describe('a container that does not exist any more', () => {
  test('since the runtime was told to delete it, has the exit that conmon saw', async () => {
    const container = await running(await place.open())
    // The engine deletes it as well, once it sees the exit: whichever comes second may find nothing.
    await runtime('delete', '--force', container.id).catch(() => {})
    expect(await container.wait()).toMatchObject({ code: 137, cause: 'signalled' })
    await expect.poll(() => container.state).toBe('exited')
    expect(place.leftovers()).toEqual([])
  })

  test('to the runtime, while its process lives, is ended by a refresh', async () => {
    const container = await running(await place.open())
    const { pid } = ids(container)
    rmSync(join(place.runRoot, 'runtime', container.id), { recursive: true })
    await container.refresh()
    expect(await container.wait()).toMatchObject({ code: 137 })
    await gone(pid)
    await expect.poll(() => container.state).toBe('exited')
    expect(place.leftovers()).toEqual([])
    await expect.poll(() => existsSync(`/sys/fs/cgroup/pids/runchart-${container.id}`)).toBe(false)
  })

  test('and left no exit, has exited with −1', async () => {
    const first = await place.open()
    const container = await running(first)
    const { monitor } = ids(container)
    await first.close()
    await runtime('delete', '--force', container.id)
    await gone(monitor)
    rmSync(exitFile(container))
    rmSync(join(place.runRoot, 'containers', container.id, 'exit'))

    const second = await place.open()
    expect(await second.get(container.id).wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    await expect.poll(() => second.get(container.id).state).toBe('exited')
  })
})

describe('an exit file that does not come', () => {
  test('is waited for so long, then given up with a warning: −1', async () => {
    const lines: { level: number; msg: string; containerId: string }[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) })
    const container = await running(await place.open({ logger }))
    const { pid, monitor } = ids(container)
    process.kill(monitor, 'SIGSTOP')
    process.kill(pid, 'SIGKILL')
    await container.refresh()
    expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    expect(existsSync(exitFile(container))).toBe(false)
    const warned = { level: 40, containerId: container.id, msg: expect.stringContaining('no exit file') }
    expect(lines).toContainEqual(expect.objectContaining(warned))
    await gone(monitor)
  })
})

describe('top', () => {
  test('lists the processes, the first one first', async () => {
    const container = await place.sh(await place.open(), 'sleep 1000 & echo ready; wait')
    await container.start()
    for await (const _ of container.logs({ follow: true })) break
    // The shell's child is a shell itself until it becomes the command.
    await expect.poll(async () => (await container.top())[1]?.command).toEqual(['sleep', '1000'])
    const [first, second, ...others] = await container.top()
    expect(first).toMatchObject({
      pid: container.inspect().pid,
      uid: 0,
      command: expect.arrayContaining(['sh']),
    })
    expect(second).toMatchObject({ ppid: first?.pid, command: ['sleep', '1000'] })
    expect(others).toEqual([])
    expect(Math.abs(Date.parse(first?.startedAt ?? '') - Date.now())).toBeLessThan(60_000)
  })

  test('of one that has none is refused', async () => {
    const container = await running(await place.open())
    await container.stop()
    await expect.poll(() => container.state).toBe('exited')
    await expect(container.top()).rejects.toMatchObject({ code: 'EILLEGALTRANSITION', event: 'top' })
  })
})

describe('cleanup', () => {
  test('succeeds where the runtime would not let go at first', async () => {
    const refusing = join(place.path, 'refusing')
    const refuse = `if [ -e ${refusing} ]; then echo "busy" >&2; exit 1; fi`
    const container = await running(await place.open({ runtime: runtimeThat(place.path, 'delete', refuse) }))
    writeFileSync(refusing, '')
    expect(await container.stop()).toMatchObject({ code: 5 })
    await expect
      .poll(() => container.inspect())
      .toMatchObject({ state: 'stopped', error: { code: 'ERUNTIME' } })
    await expect(container.cleanup()).rejects.toThrow(/delete .*: busy/)
    rmSync(refusing)
    await container.cleanup()
    expect(container.inspect()).toMatchObject({ state: 'exited', exitCode: 5, error: null })
    await container.cleanup()
  })

  test('is taken as soon as a stop has returned', async () => {
    const container = await running(await place.open())
    await container.stop()
    await Promise.all([container.cleanup(), container.cleanup()])
    expect(container.state).toBe('exited')
  })

  test.for([
    ['with others', (container) => Promise.all([container.stop(), container.wait()])],
    ['and something else was done', (container) => container.stop().then(() => {})],
    ['and a turn has passed', (container) => container.stop().then(() => new Promise(setImmediate))],
  ] as [string, (container: Container) => Promise<unknown>][])(
    'is taken as soon as a stop has returned %s',
    async ([, stop]) => {
      const container = await running(await place.open())
      await stop(container)
      await container.cleanup()
      expect(container.state).toBe('exited')
    },
  )

  test('of one that lives is refused', async () => {
    const container = await running(await place.open())
    await expect(container.cleanup()).rejects.toMatchObject({ code: 'EILLEGALTRANSITION' })
    expect(container.state).toBe('running')
  })
})
