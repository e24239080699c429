import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Container, ExecSession } from '../../../src/index.ts'
import { longSleep, markOf } from '../../effects/exec/lab.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { makeBundle } from '../../fixtures/rootfs.ts'
import { recordFault } from '../record.ts'
import { editStore, eventually, failureOf, isAlive, killed, pidsOf, running, stranger } from './lab.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const runDirectory = ({ id }: { id: string }): string => join(place.runRoot, 'containers', id)
const sessionFile = (container: Container, session: ExecSession, name: string): string =>
  join(runDirectory(container), 'exec', session.id, name)

/** A detached session whose exit nobody need await. */
async function detached(container: Container, command: string[]): Promise<ExecSession & { pid: number }> {
  const session = await container.execSession(command, { detach: true })
  session.exited.catch(() => {})
  if (session.pid === null) throw new Error('the session has no process')
  return session as ExecSession & { pid: number }
}

test('failure 5: a stranger that was given a session’s pid is neither killed nor taken for the session', async () => {
  await using other = await stranger()
  const first = await place.open()
  const container = await running(place, first)
  const session = await detached(container, longSleep(501))
  const monitor = Number(readFileSync(sessionFile(container, session, 'conmon.pid'), 'utf8'))
  await first.close()
  await killed(monitor)
  await killed(session.pid)
  editStore(place, "UPDATE containers SET facts = json_set(facts, '$.execs[0].process.pid', ?)", other.pid)
  writeFileSync(sessionFile(container, session, 'pidfile'), String(other.pid))

  const second = await place.open()
  const again = second.get(container.id)
  expect(again.execs()).toEqual([])
  const exits = [...second.events.past(0)].filter(({ type }) => type === 'exec.exited')
  expect(exits).toMatchObject([{ sessionId: session.id, exitCode: -1, cause: 'monitor-lost' }])
  await again.execStop({ timeout: 0 })
  await again.remove({ force: true })
  expect(isAlive(other.pid)).toBe(true)
  recordFault('05: a session’s pid given to a stranger', 'the stranger lives; the session is ended, −1')
})

test('failure 5: a stranger that was given a container’s pid is neither killed nor taken for it', async () => {
  await using other = await stranger()
  const first = await place.open()
  const container = await running(place, first)
  const { pid, monitor } = pidsOf(container)
  await first.close()
  await killed(monitor)
  await killed(pid)
  editStore(place, "UPDATE containers SET facts = json_set(facts, '$.process.pid', ?)", other.pid)
  rmSync(join(place.runRoot, 'runtime', container.id), { recursive: true })

  const second = await place.open()
  const again = second.get(container.id)
  expect(await again.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  await again.remove({ force: true })
  expect(isAlive(other.pid)).toBe(true)
  recordFault('05: a container’s pid given to a stranger', 'the stranger lives; the container has exited, −1')
})

test('failure 22: a session leaves nothing behind, whichever way it ends', async () => {
  const engine = await place.open()
  const container = await running(place, engine)
  const { id } = container
  const long = longSleep(522)
  const ways: Record<string, () => Promise<unknown>> = {
    'by itself': async () =>
      expect(await container.exec(['sh', '-c', 'exit 4'])).toMatchObject({ exitCode: 4 }),
    'before it began': async () =>
      expect(await failureOf(container.exec(['/nosuch']))).toMatchObject({ code: 'ERUNTIME' }),
    'before it began, detached': async () =>
      expect(await failureOf(detached(container, ['/nosuch']))).toMatchObject({ code: 'ERUNTIME' }),
    'given up': async () => {
      const giveUp = new AbortController()
      const session = await container.execSession(long, { signal: giveUp.signal })
      giveUp.abort(new Error('enough'))
      expect(await session.exited).toMatchObject({ code: 137 })
    },
    stopped: async () => {
      const session = await detached(container, long)
      expect(await session.stop({ timeout: 600 })).toMatchObject({ code: 143 })
    },
    'its process killed': async () => {
      const session = await detached(container, long)
      await killed(session.pid)
      expect(await session.exited).toMatchObject({ code: 137 })
    },
    'its conmon killed': async () => {
      const session = await detached(container, long)
      await killed(Number(readFileSync(sessionFile(container, session, 'conmon.pid'), 'utf8')))
      expect(await session.exited).toMatchObject({ code: -1, cause: 'monitor-lost' })
    },
    'its runtime killed': async () => {
      const session = await container.execSession(long)
      const [runtime = 0] = await processesNaming(sessionFile(container, session, 'pidfile'))
      await killed(runtime)
      expect(await session.exited).toMatchObject({ code: -1, cause: 'monitor-lost' })
    },
  }
  for (const [way, end] of Object.entries(ways)) {
    await end()
    expect(container.execs(), way).toEqual([])
    expect(readdirSync(join(runDirectory(container), 'exec')), way).toEqual([])
    expect(readdirSync(join(place.runRoot, 'socket')), way).toEqual([id])
    await expect.poll(() => processesNaming(markOf(522)), { timeout: 30_000, message: way }).toEqual([])
  }
  expect(container.state).toBe('running')
  recordFault('22: sessions that end in every way', 'no process, no file, no row', Object.keys(ways).length)
})

test('failure 23: the exits of sessions are told before their container’s, though its own comes first', async () => {
  const linux = { namespaces: ['ipc', 'uts', 'mount'].map((type) => ({ type })) }
  const args = ['sh', '-c', 'echo ready; while :; do sleep 0.05; done']
  const bundle = await makeBundle(join(place.path, 'shared'), { args, spec: { linux } })
  const engine = await place.open()
  const container = await engine.create({ bundle })
  await container.start()
  const sessions = [await container.execSession(longSleep(523)), await detached(container, longSleep(523))]
  const { pid } = pidsOf(container)
  // Without a process namespace of their own, its death is not theirs.
  for (const one of [pid, ...sessions.map((session) => session.pid)])
    expect(readlinkSync(`/proc/${one}/ns/pid`)).toBe(readlinkSync('/proc/self/ns/pid'))
  const late: Promise<Error>[] = []
  engine.events.subscribe(({ type }) => {
    if (type === 'exec.exited') late.push(failureOf(container.exec(['true'])))
  })

  process.kill(pid, 'SIGKILL')
  expect(await container.wait()).toMatchObject({ code: 137 })
  for (const session of sessions) expect(await session.exited).toMatchObject({ code: 137 })
  const told = [...engine.events.past(0)].map((event) => (event.type === 'state' ? event.to : event.type))
  expect(told.filter((what) => what === 'exec.exited' || what === 'stopped')).toEqual([
    'exec.exited',
    'exec.exited',
    'stopped',
  ])
  const refused = { code: 'EILLEGALTRANSITION', event: 'exec' }
  expect(await Promise.all(late)).toMatchObject([refused, refused])
  await eventually(() => processesNaming(markOf(523))).toEqual([])
  recordFault('23: a container’s exit before its sessions’', 'theirs are told first; late ones are refused')
})
