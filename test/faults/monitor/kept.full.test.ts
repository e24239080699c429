import { existsSync, readFileSync } from 'node:fs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSameProcess } from '../../../effects/process/identity.ts'
import { AttachError, type Container, type Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import {
  heard,
  keptExit,
  killProcess,
  LOOP,
  losses,
  nothingIsLeft,
  processOf,
  running,
  soon,
  told,
} from './lost.ts'
import { gateOf, SITUATIONS } from './states.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const open = (runtime?: string): Promise<Engine> =>
  place.open({ monitorLost: 'keep', ...(runtime !== undefined && { runtime }) })

/** Kills a container's conmon and resolves once that is told. */
async function orphan(engine: Engine, container: Container): Promise<void> {
  const lost = heard(engine, container, ({ type }) => type === 'monitor.lost')
  await killProcess(processOf(container, 'monitorPid'))
  await lost
}

/** An orphan that has written its line. */
async function orphaned(engine: Engine, script = LOOP, options = {}): Promise<Container> {
  const container = await running(place, engine, script, options)
  await orphan(engine, container)
  return container
}

/** How each situation goes on once it is let go, and what its container ends with when it is stopped then. */
const GOES_ON: Record<string, [state: string, code: number]> = {
  created: ['created', 137],
  'starting, not begun': ['running', 5],
  'starting, done': ['running', 5],
  running: ['running', 5],
  'pausing, not begun': ['paused', 5],
  'pausing, done': ['paused', 5],
  paused: ['paused', 5],
  resuming: ['running', 5],
  'stopping, being thawed': ['exited', 5],
  'stopping, in its grace': ['stopping', 137],
  'stopping, being killed': ['exited', 137],
  reconciling: ['running', 5],
}

describe('conmon killed, containers being kept: it goes on, and its exit is known', () => {
  test.each(SITUATIONS)('$name', async (situation) => {
    const gate = gateOf(place, situation)
    const engine = await open(gate?.runtime)
    const { container, asked } = await situation.into(place, engine)
    await gate?.reached()
    expect(container.state).toBe(situation.state)
    const [first, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    const { seq } = engine.snapshot()
    await killProcess(monitor)
    gate?.open()

    const [state, code] = GOES_ON[situation.name] ?? ['', 0]
    if (state !== 'stopping') await asked
    await soon(() => losses(engine, container)).toBe(1)
    await soon(() => container.state).toBe(state)
    if (state !== 'exited') {
      expect(container.inspect()).toMatchObject({ pid: first.pid, monitorPid: null, exitCode: null })
      expect(isSameProcess(first)).toBe(true)
      await container.stop({ timeout: state === 'stopping' ? 0 : 600 })
    }

    expect(await container.wait()).toMatchObject({ ...keptExit(code, 'stopped-by-user'), generation: 1 })
    await soon(() => container.state).toBe('exited')
    const words = told(engine, container, seq)
    expect(words.filter((word) => word === 'monitor.lost')).toHaveLength(1)
    // Nothing is in doubt: what was under way has gone on.
    expect(words).not.toContain('reconciling')
    await nothingIsLeft(place, container.id, first, monitor)
    recordFault(`conmon killed: ${situation.name} (kept)`, 'goes on; its exit known, with its code')
  })
})

describe('a container that is kept without conmon', () => {
  test.each([
    ['ends by itself', 'SIGTERM', 5, 'exited'],
    ['is killed', 'SIGKILL', 137, 'signalled'],
  ] as const)('and %s has its real exit, as an event', async (_, signal, code, cause) => {
    const engine = await open()
    const container = await orphaned(engine)
    const waited = container.wait()
    process.kill(processOf(container, 'pid').pid, signal)
    expect(await waited).toMatchObject(keptExit(code, cause))
    await soon(() => container.state).toBe('exited')
    await nothingIsLeft(place, container.id)
    recordFault('orphan ends', 'real code and cause, from the kernel')
  })

  test('takes every command but attach', async () => {
    const engine = await open()
    const container = await orphaned(engine)
    const { pid } = container.inspect()
    expect(await container.exec(['echo', 'hello'])).toMatchObject({ exitCode: 0, stdout: 'hello\n' })
    await container.pause()
    expect(await container.refresh()).toMatchObject({ state: 'paused', pid, monitorPid: null })
    await container.resume()
    expect(await container.refresh()).toMatchObject({ state: 'running', pid, monitorPid: null })
    expect((await container.top()).map((process) => process.pid)).toContain(pid)
    const lines = []
    for await (const { data } of container.logs()) lines.push(String(data).trim())
    expect(lines).toEqual(['ready'])
    const refusal = await container.attach().catch((error) => error)
    expect(refusal).toBeInstanceOf(AttachError)
    expect(refusal).toMatchObject({ code: 'EATTACH', containerId: container.id })
    expect(`${refusal.message} ${refusal.hint}`).toMatch(/conmon is gone.* log/)
    await container.kill('SIGTERM')
    expect(await container.wait()).toMatchObject(keptExit(5, 'exited'))
    expect(losses(engine, container)).toBe(1)
    recordFault('commands to an orphan', 'each works; attach is refused with the reason')
  })

  test('is removed by force', async () => {
    const engine = await open()
    const container = await orphaned(engine)
    const first = processOf(container, 'pid')
    await container.remove({ force: true })
    await nothingIsLeft(place, container.id, first)
    expect(engine.exitRecord(container.id)).toMatchObject(keptExit(137, 'stopped-by-user'))
    recordFault('orphan removed by force', 'nothing left, its exit on record')
  })

  test('has a conmon again when it is started again, which can be lost again', async () => {
    const engine = await open()
    const container = await orphaned(engine)
    await container.stop()
    await container.start()
    const { seq } = engine.snapshot()
    expect(container.inspect()).toMatchObject({ generation: 2, monitorPid: expect.any(Number) })
    await orphan(engine, container)
    process.kill(processOf(container, 'pid').pid, 'SIGTERM')
    expect(await container.wait()).toMatchObject({ ...keptExit(5, 'exited'), generation: 2 })
    await soon(() => container.state).toBe('exited')
    expect(told(engine, container, seq)).toEqual(['monitor.lost', 'stopped', 'cleaning', 'exited'])
    recordFault('conmon killed twice in a row (kept)', 'each run has its real exit', 2)
  })

  test('with commands in it: they run on, and end with it', async () => {
    const engine = await open()
    const container = await running(place, engine)
    const session = await container.execSession(['sleep', '1000'])
    const detached = await container.execSession(['sleep', '1000'], { detach: true })
    await orphan(engine, container)
    expect(container.execs().map(({ id }) => id)).toEqual([session.id, detached.id])
    const { seq } = engine.snapshot()
    process.kill(processOf(container, 'pid').pid, 'SIGTERM')
    expect(await container.wait()).toMatchObject(keptExit(5, 'exited'))
    const words = told(engine, container, seq)
    expect(words.slice(0, 3)).toEqual(['exec.exited', 'exec.exited', 'stopped'])
    recordFault('orphan with commands in it ends', 'their exits are told before its own')
  })

  test('and was only created can be started; it cannot write, and its exit is known', async () => {
    const engine = await open()
    const container = await place.sh(engine, 'echo lost || exit 9')
    await orphan(engine, container)
    await container.start()
    expect(await container.wait()).toMatchObject(keptExit(9, 'exited'))
    for await (const line of container.logs()) expect(line).toBeUndefined()
    recordFault('orphan started', 'it runs, with nobody to read it; its exit known')
  })

  test('and had a terminal is hung up', async () => {
    const engine = await open()
    const script = 'trap "exit 6" HUP; echo ready; while :; do sleep 0.05; done'
    const container = await orphaned(engine, script, { terminal: true })
    expect(await container.wait()).toMatchObject(keptExit(6, 'exited'))
    recordFault('conmon killed, with its terminal', 'hung up; its exit known')
  })

  test('leaves no pid file of a conmon that is gone', async () => {
    const engine = await open()
    const path = `${place.path}/conmon.pid`
    const container = await running(place, engine, LOOP, { conmonPidFile: path })
    expect(readFileSync(path, 'utf8').trim()).toBe(String(container.inspect().monitorPid))
    await orphan(engine, container)
    await soon(() => existsSync(path)).toBe(false)
    recordFault('conmon killed that had a pid file', 'the file is gone with it')
  })
})
