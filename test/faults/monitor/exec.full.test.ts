import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { findMonitor } from '../../../effects/conmon/monitor.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import type { Container, Engine, ExecSession } from '../../../src/index.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { killProcess, losses, processOf, running, soon, told } from './lost.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** The conmon of a command's own, and the command. */
async function pairOf(
  container: Container,
  session: ExecSession,
): Promise<{ monitor: ProcessIdentity; command: ProcessIdentity }> {
  await soon(() => container.execs()[0]?.pid).toEqual(expect.any(Number))
  const command = identifyProcess(container.execs()[0]?.pid ?? 0)
  const monitor = findMonitor(join(place.runRoot, 'containers', container.id, 'exec', session.id))
  if (monitor === undefined || command === undefined) throw new Error('the command does not run')
  expect(monitor.pid).not.toBe(container.inspect().monitorPid)
  return { monitor, command }
}

const LOST = { code: -1, cause: 'monitor-lost' }

/** The command is over, whatever has become of its conmon; its container has not noticed. */
async function containerGoesOn(
  engine: Engine,
  container: Container,
  ...gone: ProcessIdentity[]
): Promise<void> {
  await soon(() => gone.filter(isSameProcess)).toEqual([])
  await soon(() => container.execs()).toEqual([])
  expect(await container.refresh()).toMatchObject({ state: 'running', monitorPid: expect.any(Number) })
  expect(losses(engine, container)).toBe(0)
  expect(await container.exec(['echo', 'still'])).toMatchObject({ stdout: 'still\n' })
  expect(await container.stop()).toMatchObject({ code: 5 })
}

// The policy is of containers: a command without its conmon is ended under either.
describe.each(['kill', 'keep'] as const)('the conmon of a command killed; containers: %s', (monitorLost) => {
  test('with a terminal: the command is ended, −1, and its container goes on', async () => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const session = await container.execSession(['sleep', '1000'], { tty: true, stdin: true })
    session.stdout?.resume()
    const { monitor, command } = await pairOf(container, session)
    const { seq } = engine.snapshot()
    await killProcess(monitor)
    expect(await session.exited).toMatchObject(LOST)
    expect(told(engine, container, seq)).toEqual(['exec.exited'])
    await soon(() => processesNaming(session.id)).toEqual([])
    await containerGoesOn(engine, container, command)
    recordFault(
      `conmon of a command on a terminal killed (${monitorLost})`,
      'command ended, −1; container untouched',
    )
  })

  test('detached: the command is ended, −1, and its container goes on', async () => {
    const engine = await place.open({ monitorLost })
    const container = await running(place, engine)
    const session = await container.execSession(['sleep', '1000'], { detach: true })
    const { monitor, command } = await pairOf(container, session)
    const { seq } = engine.snapshot()
    await killProcess(monitor)
    await soon(() => told(engine, container, seq)).toEqual(['exec.exited'])
    expect([...engine.events.past(seq)]).toMatchObject([
      { sessionId: session.id, exitCode: -1, cause: LOST.cause },
    ])
    await soon(() => processesNaming(session.id)).toEqual([])
    await containerGoesOn(engine, container, command)
    recordFault(
      `conmon of a detached command killed (${monitorLost})`,
      'command ended, −1; container untouched',
    )
  })

  test('detached, while no engine is there: the next one ends it', async () => {
    const first = await place.open({ monitorLost })
    const container = await running(place, first)
    const session = await container.execSession(['sleep', '1000'], { detach: true })
    const { monitor, command } = await pairOf(container, session)
    await first.close()
    await killProcess(monitor)
    const engine = await place.open({ monitorLost })
    const found = engine.get(container.id)
    await soon(() => told(engine, found).filter((word) => word === 'exec.exited')).toHaveLength(1)
    await containerGoesOn(engine, found, command)
    recordFault(
      `conmon of a command killed without an engine (${monitorLost})`,
      'the next engine ends the command',
    )
  })
})

test('a container’s conmon killed with commands in it: their exits are told before its own', async () => {
  const engine = await place.open()
  const container = await running(place, engine)
  const attached = await container.execSession(['sleep', '1000'])
  const detached = await container.execSession(['sleep', '1000'], { detach: true })
  const { seq } = engine.snapshot()
  await killProcess(processOf(container, 'monitorPid'))
  expect(await container.wait()).toMatchObject(LOST)
  const words = told(engine, container, seq)
  expect(words[0]).toBe('monitor.lost')
  expect(words.filter((word) => word === 'exec.exited')).toHaveLength(2)
  expect(words.lastIndexOf('exec.exited')).toBeLessThan(words.indexOf('stopped'))
  await soon(() => processesNaming(attached.id)).toEqual([])
  await soon(() => processesNaming(detached.id)).toEqual([])
  recordFault('conmon killed with commands in its container', 'their exits first; nothing left')
})
