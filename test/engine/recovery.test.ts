import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../effects/process/identity.ts'
import { type Container, type Engine, type EngineEvent, RootOwnedError } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { runtimeThat } from '../fixtures/programs.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LONG = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'

/** Resolves when the trap is set. */
async function ready(container: Container): Promise<void> {
  for await (const _ of container.logs({ follow: true })) return
}

const running = async (engine: Engine): Promise<Container> => {
  const container = await place.sh(engine, LONG, { name: 'web', stopTimeout: 600 })
  await container.start()
  await ready(container)
  return container
}

const pidOf = (container: Container): number => container.inspect().pid ?? 0
const isAlive = (pid: number): boolean => identifyProcess(pid) !== undefined

/** Kills what may be a stranger to us by its pid, and waits until it is gone. */
async function killAndWait(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)
}

describe('an engine that opens a root again', () => {
  test('finds a running container running, and stops it', async () => {
    const first = await place.open()
    const { id } = await running(first)
    await first.close()

    const second = await place.open()
    const web = second.get('web')
    expect(web).toMatchObject({ id, state: 'running', generation: 1 })
    expect(await web.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  })

  test('finds many as they are, and does not ask the runtime for each', async () => {
    const asked = join(place.path, 'asked')
    const runtime = runtimeThat(place.path, 'state', `echo "$@" >> ${asked}`)
    const first = await place.open({ runtime })
    const containers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => place.sh(first, LONG, { name: `c${n}` })),
    )
    for (const container of containers.slice(1)) await container.start()
    await containers[2]?.pause()
    await first.close()
    rmSync(asked, { force: true })

    const second = await place.open()
    const states = containers.map(({ id }) => second.get(id).state)
    expect(states).toEqual(['created', 'running', 'paused', 'running', 'running', 'running'])
    expect(existsSync(asked) ? readFileSync(asked, 'utf8') : '').toBe('')
  })

  test('finds a paused container paused, and a created one created', async () => {
    const first = await place.open()
    const paused = await running(first)
    await paused.pause()
    const created = await place.sh(first, 'exit 4')
    await first.close()

    const second = await place.open()
    expect(second.get(paused.id).state).toBe('paused')
    await second.get(created.id).start()
    expect(await second.get(created.id).wait()).toMatchObject({ code: 4 })
    await second.get(paused.id).resume()
    expect(await second.get(paused.id).stop()).toMatchObject({ code: 5 })
  })

  test('knows the real code of an exit that no engine was there to see', async () => {
    const first = await place.open()
    const container = await running(first)
    const pid = pidOf(container)
    await first.close()
    process.kill(pid, 'SIGTERM')
    await expect.poll(() => existsSync(join(place.runRoot, 'exits', container.id))).toBe(true)

    const second = await place.open()
    expect(await second.get('web').wait()).toMatchObject({ code: 5, cause: 'exited' })
    await expect.poll(() => second.get('web').state).toBe('exited')
    expect(place.leftovers()).toEqual([])
  })

  test('tells each event once, in one sequence over both engines', async () => {
    const first = await place.open()
    await running(first)
    const { seq } = first.snapshot()
    await first.close()
    const second = await place.open()
    await second.get('web').stop()
    const numbers = [...second.events.past(0)].map((event) => event.seq)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(numbers.length).toBeGreaterThan(seq)
  })
})

describe('an engine that is opened with another runtime', () => {
  test('leaves each container to the one that it was created by', async () => {
    const calls = join(place.path, 'calls')
    const first = await place.open({ runtime: runtimeThat(place.path, 'kill', `echo "$@" >> ${calls}`) })
    const { id } = await running(first)
    await first.close()
    const second = await place.open()
    expect(second.get(id).state).toBe('running')
    expect(await second.get(id).stop()).toMatchObject({ code: 5 })
    expect(readFileSync(calls, 'utf8')).toContain(`kill ${id} 15`)
  })

  test('takes that one where the other is gone', async () => {
    const gone = runtimeThat(place.path, 'kill', 'exit 1')
    const first = await place.open({ runtime: gone })
    const { id } = await running(first)
    await first.close()
    rmSync(gone)
    const second = await place.open()
    expect(await second.get(id).stop()).toMatchObject({ code: 5 })
  })
})

describe('an owner that is killed', () => {
  /** Starts an owner in its own process and resolves at the event that is waited for. */
  async function ownerUntil(
    state: string,
    runtime?: string,
  ): Promise<{ id: string; kill: () => Promise<void> }> {
    const program = join(import.meta.dirname, '../fixtures/owner.ts')
    const child = spawn(process.execPath, [program, place.path, LONG, ...(runtime ? [runtime] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      const event = JSON.parse(line)
      if (event.state !== state) continue
      return {
        id: event.id,
        async kill() {
          child.kill('SIGKILL')
          await exited
        },
      }
    }
    throw new Error(`the owner ended before ${state}`)
  }

  test('leaves its root free and its container running, for the next to take over', async () => {
    const owner = await ownerUntil('running')
    await expect(place.open()).rejects.toThrow(RootOwnedError)
    await owner.kill()
    const engine = await place.open()
    expect(engine.get(owner.id).state).toBe('running')
    await ready(engine.get(owner.id))
    expect(await engine.get(owner.id).stop()).toMatchObject({ code: 5 })
  })

  test('in the middle of a create leaves no conmon and no container; the row says why', async () => {
    const slow = runtimeThat(place.path, 'create', `if mkdir ${place.path}/once; then sleep 1000; fi`)
    const owner = await ownerUntil('creating', slow)
    await expect.poll(() => existsSync(join(place.runRoot, 'containers', owner.id, 'conmon.pid'))).toBe(true)
    await owner.kill()
    const engine = await place.open()
    expect(engine.get(owner.id).inspect()).toMatchObject({
      state: 'configured',
      error: { code: 'EINTERRUPTED' },
    })
    await engine.get(owner.id).start()
    expect(engine.get(owner.id)).toMatchObject({ state: 'running', generation: 2 })
  })
})

describe('conmon killed', () => {
  test('under a live engine: the container is ended and recorded as lost', async () => {
    const engine = await place.open()
    const container = await running(engine)
    const { pid, monitorPid } = container.inspect()
    const before = engine.snapshot().seq
    process.kill(monitorPid ?? 0, 'SIGKILL')
    expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    await expect.poll(() => container.state).toBe('exited')
    const types = [...engine.events.past(before)].map((event: EngineEvent) => event.type)
    expect(types).toContain('monitor.lost')
    expect(isAlive(pid ?? 0)).toBe(false)
    expect(place.leftovers()).toEqual([])
  })

  test('under no engine: the next one ends the container and records it as lost', async () => {
    const first = await place.open()
    const { pid, monitorPid } = (await running(first)).inspect()
    await first.close()
    await killAndWait(monitorPid ?? 0)
    const second = await place.open()
    expect(await second.get('web').wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    expect(isAlive(pid ?? 0)).toBe(false)
  })
})

describe('an exit file that proves nothing', () => {
  test.each<[string, (path: string) => void]>([
    ['empty', (path) => writeFileSync(path, '')],
    ['not a number', (path) => writeFileSync(path, 'zero')],
    ['a symlink', (path) => symlinkSync('/etc/hostname', path)],
    ['a directory', (path) => mkdirSync(path)],
    ['a megabyte', (path) => writeFileSync(path, '0'.repeat(2 ** 20))],
    ['a code, while the process lives', (path) => writeFileSync(path, '0')],
  ])('%s: is taken away, and the true exit still comes', async (_, plant) => {
    const engine = await place.open()
    const container = await running(engine)
    const path = join(place.runRoot, 'exits', container.id)
    plant(path)
    await expect.poll(() => existsSync(path)).toBe(false)
    expect(container.state).toBe('running')
    expect(await container.stop()).toMatchObject({ code: 5 })
  })

  test('is not missed where conmon’s own copy is there', async () => {
    const first = await place.open()
    const container = await running(first)
    const pid = pidOf(container)
    await first.close()
    process.kill(pid, 'SIGTERM')
    const path = join(place.runRoot, 'exits', container.id)
    await expect.poll(() => existsSync(path)).toBe(true)
    rmSync(path)
    const second = await place.open()
    expect(await second.get('web').wait()).toMatchObject({ code: 5, cause: 'exited' })
  })

  test('of a container that nobody knows is taken away', async () => {
    await place.open()
    const path = join(place.runRoot, 'exits', 'stranger')
    writeFileSync(path, '0')
    await expect.poll(() => existsSync(path)).toBe(false)
  })
})
