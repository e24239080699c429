import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import { statOf } from '../../cli/place.ts'
import { install, whyNoApt } from '../../fixtures/debian.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { script } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { heard, killProcess, LOOP, losses, nothingIsLeft, processOf, running, soon } from './lost.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LOST = { code: -1, cause: 'monitor-lost' }
const POLICIES = ['kill', 'keep'] as const

const reason = await whyNoApt()
if (reason === undefined) await install({ strace: 'strace' })

/**
 * Has the kernel kill a conmon on its way into a system call: strace stands between, and kills it there. Resolves once
 * it waits for that; `done` once it has happened.
 */
async function killAt(
  monitor: ProcessIdentity,
  calls: string,
  occurrence: number,
): Promise<{ done: Promise<unknown> }> {
  const inject = `inject=${calls}:signal=SIGKILL:when=${occurrence}`
  const tracer = spawn('strace', ['-p', String(monitor.pid), '-e', `trace=${calls}`, '-e', inject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const done = once(tracer, 'exit')
  for await (const line of createInterface(tracer.stderr)) if (line.includes('attached')) return { done }
  throw new Error('strace did not attach')
}

/** conmon writes two exit files, each under another name first: its own copy, then the one in the exits directory. */
const RENAME = '?rename,?renameat,?renameat2'

describe.skipIf(reason !== undefined)('conmon killed in the middle of an exit: evidence comes first', () => {
  test.each(POLICIES)(
    'with one exit file written and one half: that exit; containers: %s',
    async (monitorLost) => {
      const engine = await place.open({ monitorLost })
      const container = await running(place, engine)
      const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
      const { done } = await killAt(monitor, RENAME, 2)
      const half: string[] = []
      // Whatever is in the exits directory when the exit is known, before it is cleaned up.
      const stopped = heard(engine, container, (event) => {
        if (event.type !== 'state' || event.to !== 'stopped') return false
        half.push(...readdirSync(join(place.runRoot, 'exits')))
        return true
      })
      process.kill(pid.pid, 'SIGTERM')
      await Promise.all([done, stopped])
      expect(isSameProcess(monitor)).toBe(false)
      expect(half).toEqual([expect.stringMatching(new RegExp(`^${container.id}\\.\\w{6}$`))])

      expect(await container.wait()).toMatchObject({ code: 5, cause: 'exited' })
      await soon(() => container.state).toBe('exited')
      expect(losses(engine, container)).toBe(0)
      await nothingIsLeft(place, container.id, pid, monitor)
      recordFault(
        `conmon killed between its exit files (${monitorLost})`,
        'the exit it wrote; no half file left',
      )
    },
  )

  test.each(POLICIES)('with no exit file written: lost; containers: %s', async (monitorLost) => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    const { done } = await killAt(monitor, RENAME, 1)
    process.kill(pid.pid, 'SIGTERM')
    await done
    expect(isSameProcess(monitor)).toBe(false)

    // conmon had waited for it: nobody else knows its code any more.
    expect(await container.wait()).toMatchObject(LOST)
    await soon(() => container.state).toBe('exited')
    expect(losses(engine, container)).toBe(1)
    await nothingIsLeft(place, container.id, pid, monitor)
    recordFault(`conmon killed before its exit file (${monitorLost})`, '−1, monitor-lost; told once')
  })

  test.each(['stopped', 'cleaning'] as const)(
    'in %s, at its exit command: the exit stands',
    async (state) => {
      const [begun, go, done] = ['begun', 'go', 'done'].map((name) => join(place.path, name))
      // It ends by itself should the test not get as far as to let it go.
      const waits = `for _ in $(seq 2000); do [ -e ${go} ] && break; sleep 0.02; done`
      const exitCommand = [script(place.path, 'command', `: > ${begun}; ${waits}; : > ${done}`)]
      const warnings: string[] = []
      const logger = pino(
        { level: 'warn' },
        { write: (line: string) => void warnings.push(JSON.parse(line).msg) },
      )
      const engine = await place.open({ logger })
      const container = await running(place, engine, LOOP, { exitCommand })
      const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
      let killed = false
      const dead = heard(engine, container, (event) => {
        if (event.type !== 'state' || event.to !== state) return false
        killed = isSameProcess(monitor) && process.kill(monitor.pid, 'SIGKILL')
        return true
      })
      process.kill(pid.pid, 'SIGTERM')
      await dead
      expect(killed).toBe(true)
      expect(await container.wait()).toMatchObject({ code: 5, cause: 'exited' })
      await soon(() => container.state).toBe('exited')
      expect(losses(engine, container)).toBe(0)

      // What it had begun goes on without it, and has its cgroup to itself until it ends.
      expect(warnings).toEqual([])
      writeFileSync(String(go), '')
      if (existsSync(String(begun))) await soon(() => existsSync(String(done))).toBe(true)
      await container.remove()
      await nothingIsLeft(place, container.id, pid, monitor)
      recordFault(`conmon killed: ${state}, at its exit command`, 'the exit stands; nothing left')
    },
  )
})

describe('conmon and its container’s process killed in one instant', () => {
  test.each(
    POLICIES.flatMap((policy) => [[policy, 'conmon first'] as const, [policy, 'conmon last'] as const]),
  )('containers: %s; %s', async (monitorLost, order) => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const pair = [processOf(container, 'monitorPid'), processOf(container, 'pid')]
    if (order === 'conmon last') pair.reverse()
    for (const { pid } of pair) process.kill(pid, 'SIGKILL')
    const exit = await container.wait()
    await soon(() => pair.filter(isSameProcess)).toEqual([])

    // Whoever of conmon and the kernel still had the time to tell told the truth.
    const isTold = exit.code === 137 && exit.cause === 'signalled'
    const isLost = exit.code === -1 && exit.cause === 'monitor-lost'
    expect([isTold, isLost]).toContain(true)
    await soon(() => container.state).toBe('exited')
    expect(losses(engine, container)).toBeLessThanOrEqual(1)
    await nothingIsLeft(place, container.id, ...pair)
    recordFault(`conmon and process killed, ${order} (${monitorLost})`, 'the true code, or −1; nothing left')
  })
})

describe('conmon stopped, then killed', () => {
  const isStopped = (identity: ProcessIdentity): boolean =>
    statOf(identity.pid)[0] === 'T' && isSameProcess(identity)

  test.each(POLICIES)('while its container runs; containers: %s', async (monitorLost) => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    process.kill(monitor.pid, 'SIGSTOP')
    await soon(() => isStopped(monitor)).toBe(true)
    expect(await container.refresh()).toMatchObject({ state: 'running', monitorPid: monitor.pid })
    expect(losses(engine, container)).toBe(0)
    await killProcess(monitor)
    await soon(() => losses(engine, container)).toBe(1)
    if (monitorLost === 'keep') await container.remove({ force: true })
    else expect(await container.wait()).toMatchObject(LOST)
    await soon(() => container.state).toMatch(/^(exited|removed)$/)
    await nothingIsLeft(place, container.id, pid)
    recordFault(`conmon stopped, then killed (${monitorLost})`, 'lost only when it is dead')
  })

  test.each(POLICIES)('after its container has ended; containers: %s', async (monitorLost) => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    process.kill(monitor.pid, 'SIGSTOP')
    await soon(() => isStopped(monitor)).toBe(true)
    process.kill(pid.pid, 'SIGTERM')
    await soon(() => isSameProcess(pid)).toBe(false)
    expect(existsSync(join(place.runRoot, 'exits', container.id))).toBe(false)
    await killProcess(monitor)

    const exit = await container.wait()
    // Where nobody has waited for the process yet, the kernel still has its code.
    const isTold = monitorLost === 'keep' && exit.code === 5 && exit.cause === 'exited'
    const isLost = exit.code === -1 && exit.cause === 'monitor-lost'
    expect([isTold, isLost]).toContain(true)
    await soon(() => container.state).toBe('exited')
    expect(losses(engine, container)).toBe(1)
    await nothingIsLeft(place, container.id, pid, monitor)
    recordFault(`conmon stopped over an exit, then killed (${monitorLost})`, 'the true code, or −1')
  })
})
