import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { RootOwnedError } from '../../../../src/index.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { eventually, gone, isAlive, pidsOf, running, stranger } from '../../elsewhere/lab.ts'
import { recordFault } from '../../record.ts'
import { LONG, PATIENT } from '../full-place.ts'
import { type RemoteEngine, remoteEngine } from '../remote-engine.ts'
import { isStranger, pidNamespace } from './namespace.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const runFile = (id: string, name: string): string => join(place.runRoot, 'containers', id, name)
const numberIn = (path: string): number => Number(readFileSync(path, 'latin1'))

async function started(engine: RemoteEngine): Promise<{ id: string; pid: number; monitor: number }> {
  const command = ['sh', '-c', LONG]
  const id = await engine.create({ rootfs: place.rootfs, command, stopTimeout: 600 })
  await engine.start(id)
  const log = join(place.root, 'containers', id, 'ctr.log')
  await expect.poll(() => readFileSync(log, 'utf8'), PATIENT).toContain('ready')
  const { pid, monitorPid } = await engine.inspect(id)
  return { id, pid: pid ?? 0, monitor: monitorPid ?? 0 }
}

test('who has the number of a dead engine, conmon, container or command is neither signalled nor taken for it', async () => {
  await using pids = await pidNamespace()
  const open = (): Promise<RemoteEngine> =>
    remoteEngine({ root: place.root, runRoot: place.runRoot, runtime: TEST_RUNTIME }, { by: pids.by })
  await using first = await open()
  // Of the first and the last everybody dies, of the other conmon alone; the last the runtime forgets.
  const [dead, orphan, forgotten] = [await started(first), await started(first), await started(first)]
  const command = await first.detach(dead.id, ['sleep', '1000'])
  const commandMonitor = numberIn(runFile(dead.id, `exec/${command.session}/conmon.pid`))
  const owner = numberIn(join(place.runRoot, 'owner.pid'))
  // The command ends with its container.
  const killed = [
    owner,
    commandMonitor,
    dead.monitor,
    dead.pid,
    orphan.monitor,
    forgotten.monitor,
    forgotten.pid,
  ]
  for (const pid of killed) await pids.kill(pid)
  const taken = [...killed, command.pid]

  rmSync(join(place.runRoot, 'runtime', forgotten.id), { recursive: true })
  for (const pid of taken) pids.giveOut(pid)
  // All that is on record of them is still there, and leads to strangers.
  expect(numberIn(join(place.root, 'owner.pid'))).toBe(owner)
  expect(numberIn(runFile(dead.id, 'conmon.pid'))).toBe(dead.monitor)
  expect(numberIn(runFile(orphan.id, 'conmon.pid'))).toBe(orphan.monitor)
  expect(numberIn(runFile(dead.id, `exec/${command.session}/pidfile`))).toBe(command.pid)
  const state = readFileSync(join(place.runRoot, 'runtime', dead.id, 'state.json'), 'utf8')
  expect(JSON.parse(state)).toMatchObject({ init_process_pid: dead.pid })

  await using second = await open()
  for (const { id } of [dead, orphan, forgotten]) {
    expect(await second.wait(id)).toMatchObject({ code: -1, cause: 'monitor-lost' })
    await expect.poll(async () => (await second.inspect(id)).state, PATIENT).toBe('exited')
  }
  expect(pids.whoHas(orphan.pid)).toBe('')
  const ends = (await second.events(0)).filter(({ type }) => type === 'exec.exited')
  expect(ends).toMatchObject([{ sessionId: command.session, exitCode: -1, cause: 'monitor-lost' }])
  await expect(second.kill(dead.id, 'SIGKILL')).rejects.toMatchObject({ code: 'EILLEGALTRANSITION' })
  await second.start(dead.id)
  const again = await second.inspect(dead.id)
  expect(taken).not.toContain(again.pid)
  expect(taken).not.toContain(again.monitorPid)
  await second.stop(dead.id, { timeout: 0 })
  for (const { id } of [dead, orphan, forgotten]) await second.remove(id)
  await second.close()
  expect(taken.map(pids.whoHas).every(isStranger)).toBe(true)
  expect(place.leftovers()).toEqual([])
  recordFault(
    'pids of engine, conmon, container, command given again',
    'the strangers live; exited with −1',
    taken.length,
  )
})

test('a stranger in conmon’s pid file lives, though the conmon has to be killed', async () => {
  await using other = await stranger()
  const first = await place.open()
  const container = await running(place, first)
  const { pid, monitor } = pidsOf(container)
  await first.close()
  // It cannot write the exit any more, and does not end.
  process.kill(monitor, 'SIGSTOP')
  process.kill(pid, 'SIGKILL')
  writeFileSync(runFile(container.id, 'conmon.pid'), String(other.pid))

  const second = await place.open()
  expect(isAlive(pid)).toBe(false)
  expect(await second.get(container.id).wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  await gone(monitor)
  await second.get(container.id).remove({ force: true })
  expect(isAlive(other.pid)).toBe(true)
  expect(place.leftovers()).toEqual([])
  recordFault('conmon’s pid file names a stranger', 'conmon is killed, the stranger lives')
})

test('a stranger in owner.pid is named and left alone; only the lock counts', async () => {
  await using other = await stranger()
  const paths = [place.root, place.runRoot].map((directory) => join(directory, 'owner.pid'))
  const first = await place.open()
  const container = await running(place, first)
  for (const path of paths) writeFileSync(path, String(other.pid))
  const refused = await place.open().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(RootOwnedError)
  expect(refused).toMatchObject({ pid: other.pid })
  expect(await container.stop()).toMatchObject({ code: 5 })
  await first.close()
  for (const path of paths) writeFileSync(path, String(other.pid))
  const second = await place.open()
  expect(paths.map(numberIn)).toEqual([process.pid, process.pid])
  await second.get(container.id).remove()
  await second.close()
  await eventually(() => isAlive(other.pid)).toBe(true)
  recordFault('owner.pid names a stranger', 'it is left alone; the lock alone says who owns', 2)
})
