import { readdirSync, readlinkSync } from 'node:fs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSameProcess } from '../../../effects/process/identity.ts'
import type { Container, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import {
  gate,
  heard,
  keptExit,
  killProcess,
  LOOP,
  losses,
  nothingIsLeft,
  processOf,
  running,
  soon,
} from './lost.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LOST = { code: -1, cause: 'monitor-lost' }

const INTO = {
  created: (engine: Engine) => place.sh(engine, LOOP),
  running: (engine: Engine) => running(place, engine),
  paused: async (engine: Engine): Promise<Container> => {
    const container = await running(place, engine)
    await container.pause()
    return container
  },
}
const STATES = Object.keys(INTO) as (keyof typeof INTO)[]

describe('conmon killed while no engine is there', () => {
  test.each(STATES)('%s: the next one ends the container, and tells it once', async (state) => {
    const first = await place.open()
    const { id } = await INTO[state](first)
    const container = first.get(id)
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    await first.close()
    await killProcess(monitor)
    const second = await place.open()
    expect(await second.get(id).wait()).toMatchObject(LOST)
    await soon(() => second.get(id).state).toBe('exited')
    await second.close()
    const third = await place.open()
    expect(losses(third, third.get(id))).toBe(1)
    await nothingIsLeft(place, id, pid, monitor)
    recordFault(`conmon killed without an engine: ${state}`, 'the next engine ends it; told once')
  })

  test.each(STATES)('%s, kept: the next ones find it so, and tell it once', async (state) => {
    const keep = { monitorLost: 'keep' } as const
    const first = await place.open(keep)
    const { id } = await INTO[state](first)
    const container = first.get(id)
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    await first.close()
    await killProcess(monitor)
    for (const _ of ['second', 'third']) {
      const engine = await place.open(keep)
      expect(engine.get(id).inspect()).toMatchObject({ state, pid: pid.pid, monitorPid: null })
      expect(losses(engine, engine.get(id))).toBe(1)
      await engine.close()
    }
    const last = await place.open(keep)
    const code = state === 'created' ? 137 : 5
    expect(await last.get(id).stop()).toMatchObject(keptExit(code, 'stopped-by-user'))
    await soon(() => last.get(id).state).toBe('exited')
    expect(losses(last, last.get(id))).toBe(1)
    await nothingIsLeft(place, id, pid)
    recordFault(`conmon killed without an engine: ${state} (kept)`, 'two engines find it; told once')
  })
})

/** The processes that this one has a watch on, twice each: its own descriptor, and the one that Node has. */
const watches = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === 'anon_inode:[pidfd]').length

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

describe('an orphan that was kept', () => {
  /** The engine that saw it is closed, and watches it no more. */
  async function orphan(): Promise<{ id: string; pid: ReturnType<typeof processOf> }> {
    const engine = await place.open({ monitorLost: 'keep' })
    const container = await running(place, engine)
    const lost = heard(engine, container, ({ type }) => type === 'monitor.lost')
    await killProcess(processOf(container, 'monitorPid'))
    await lost
    const pid = processOf(container, 'pid')
    expect(watches()).toBe(2)
    await engine.close()
    await soon(watches).toBe(0)
    return { id: container.id, pid }
  }

  test('is ended by an engine that keeps none', async () => {
    const { id, pid } = await orphan()
    expect(isSameProcess(pid)).toBe(true)
    const engine = await place.open({ monitorLost: 'kill' })
    expect(await engine.get(id).wait()).toMatchObject(LOST)
    await soon(() => engine.get(id).state).toBe('exited')
    expect(losses(engine, engine.get(id))).toBe(1)
    await nothingIsLeft(place, id, pid)
    recordFault('orphan, engine opened with kill', 'ended; not told again')
  })

  test('and ends while no engine is there, has no code that anybody could know', async () => {
    const { id, pid } = await orphan()
    await killProcess(pid)
    const engine = await place.open({ monitorLost: 'keep' })
    expect(await engine.get(id).wait()).toMatchObject(LOST)
    await soon(() => engine.get(id).state).toBe('exited')
    expect(losses(engine, engine.get(id))).toBe(1)
    await nothingIsLeft(place, id, pid)
    recordFault('orphan killed without an engine', '−1, monitor-lost; not told again')
  })
})

describe('conmon killed while the engine is closing', () => {
  test.each(['kill', 'keep'] as const)('containers: %s', async (monitorLost) => {
    const at = gate(place.path, 'pause', 'before')
    const first = await place.open({ runtime: at.runtime, monitorLost })
    const [moving, victim] = await Promise.all([running(place, first), running(place, first)])
    const pausing = moving.pause().catch(() => {})
    await at.reached()
    const [pid, monitor] = [processOf(victim, 'pid'), processOf(victim, 'monitorPid')]
    let closed = false
    const closing = first.close().then(() => {
      closed = true
    })
    await killProcess(monitor)
    // It waits for what is on its way.
    expect(closed).toBe(false)
    at.open()
    await Promise.all([closing, pausing])

    const second = await place.open({ monitorLost })
    const found = second.get(victim.id)
    if (monitorLost === 'kill') expect(await found.wait()).toMatchObject(LOST)
    else {
      expect(found.inspect()).toMatchObject({ state: 'running', pid: pid.pid, monitorPid: null })
      expect(await found.stop()).toMatchObject(keptExit(5, 'stopped-by-user'))
    }
    await soon(() => found.state).toBe('exited')
    expect(losses(second, found)).toBe(1)
    await nothingIsLeft(place, victim.id, pid, monitor)
    recordFault(
      `conmon killed while the engine closes (${monitorLost})`,
      'known to the next engine; told once',
    )
  })
})
