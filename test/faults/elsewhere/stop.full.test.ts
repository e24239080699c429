import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import {
  askRuntime,
  eventually,
  failureOf,
  IGNORES,
  isAlive,
  OBEYS,
  pidIn,
  pidsOf,
  running,
  runtimeHeldAt,
  statesOf,
} from './lab.ts'
import { startOwner } from './owner/owner.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Ends the one container that there is, then fails as a runtime does that finds it gone. */
const endsFirst = (words: string): string => `pid=$(cat ${place.runRoot}/containers/*/pidfile)
    kill -9 "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
    echo "${words}" >&2
    exit 1`

/** As runc and crun say that there is nobody to signal. */
const TEXTS = ['container not running', 'kill container: No such process']

test.each(TEXTS)('failure 10: a kill that comes after the end says so: %s', async (words) => {
  const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', endsFirst(words)) })
  const container = await running(place, engine)
  const { id: containerId } = container
  const refused = await failureOf(container.kill('TERM'))
  expect(refused).toMatchObject({ code: 'ERUNTIME', failure: 'not-running', containerId })
  expect(await container.wait()).toMatchObject({ code: 137, cause: 'signalled' })
  await eventually(() => container.state).toBe('exited')
  await expect(container.kill('TERM')).rejects.toMatchObject({ code: 'EILLEGALTRANSITION', state: 'exited' })
  recordFault('10: the process ended before kill', 'not-running, then an illegal transition')
})

test.each([
  [600, 'container not running'],
  [600, 'any other words'],
  [0, 'no such process'],
])('failure 10: a stop that comes after the end succeeds: timeout %i, %s', async (timeout, words) => {
  // conmon is kept from telling of the exit until the runtime has failed.
  const files = `${place.runRoot}/containers/*`
  const hold = `monitor=$(cat ${files}/conmon.pid)
    kill -STOP "$monitor"
    pid=$(cat ${files}/pidfile)
    kill -9 "$pid"
    while [ "$(cut -d' ' -f3 /proc/$pid/stat)" != Z ]; do sleep 0.01; done
    (sleep 0.5; kill -CONT "$monitor") >/dev/null 2>&1 &
    echo "${words}" >&2
    exit 1`
  const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', hold) })
  const container = await running(place, engine, IGNORES)
  expect(await container.stop({ timeout })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  await eventually(() => container.state).toBe('exited')
  // Never in doubt.
  expect(statesOf(engine, container).slice(-4)).toEqual(['stopping', 'stopped', 'cleaning', 'exited'])
  recordFault('10: the process ended before stop', 'the stop succeeds')
})

test('failure 11: a stop that takes its time is seen, and holds nothing else up', async () => {
  const runtime = runtimeHeldAt(place, 'kill')
  const engine = await place.open({ runtime: runtime.path })
  const container = await running(place, engine)
  const other = await running(place, engine)
  const held = runtime.hold(container.id)
  const stopping = container.stop()
  await eventually(held.isReached).toBe(true)

  expect(container.inspect()).toMatchObject({ state: 'stopping', error: null })
  expect((await container.top())[0]?.pid).toBe(pidsOf(container).pid)
  await expect(container.exec(['true'])).rejects.toMatchObject({
    code: 'EILLEGALTRANSITION',
    state: 'stopping',
  })
  expect(await other.exec(['echo', 'on'])).toMatchObject({ stdout: 'on\n' })
  expect(await other.stop()).toMatchObject({ code: 5 })
  await other.remove()
  expect(engine.snapshot().containers).toMatchObject([{ id: container.id, state: 'stopping' }])

  held.release()
  expect(await stopping).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  recordFault('11: a stop whose runtime hangs', 'stopping is seen; other commands are answered')
})

test('failure 12: a stop between two runs ends a container that is restarted after each', async () => {
  const runtime = runtimeHeldAt(place, 'delete')
  const engine = await place.open({ runtime: runtime.path })
  const container = await running(
    place,
    engine,
    'echo ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 3',
  )
  const held = runtime.hold(container.id)
  await container.exec(['touch', '/tmp/go'])
  await container.wait()
  const restarting = failureOf(container.start())
  await eventually(held.isReached).toBe(true)
  expect(container.state).toBe('cleaning')

  expect(await container.stop()).toMatchObject({ code: 3, generation: 1 })
  held.release()
  expect(await restarting).toMatchObject({ code: 'EOVERTAKEN', containerId: container.id })
  expect(container).toMatchObject({ state: 'exited', generation: 1 })
  expect(statesOf(engine, container).filter((state) => state === 'creating')).toHaveLength(1)
  recordFault('12: a stop between two runs', 'there is no further run')
})

test('failure 12: the wish to be stopped outlives the engine that was to fulfil it', async () => {
  const runtime = runtimeHeldAt(place, 'start')
  const held = runtime.hold()
  await using owner = await startOwner(place, { script: OBEYS, runtime: runtime.path })
  await eventually(held.isReached).toBe(true)
  owner.say('stop')
  await eventually(() => storedStop(owner.id)).toMatchObject({ signal: 15 })
  await owner.kill('SIGKILL')
  const pid = await pidIn(place, owner.id, 'pidfile')
  expect(isAlive(pid)).toBe(true)

  const engine = await place.open()
  const container = engine.get(owner.id)
  expect(await container.wait()).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  await eventually(() => container.state).toBe('exited')
  expect(isAlive(pid)).toBe(false)
  held.release()
  await eventually(() => processesNaming(runtime.path)).toEqual([])
  recordFault('12: the engine killed before its stop', 'the next engine stops the container')
})

/** What is on disk of the wish to stop a container. */
function storedStop(id: string): unknown {
  const database = new DatabaseSync(join(place.root, 'store.db'), { readOnly: true })
  try {
    const row = database.prepare("SELECT facts ->> '$.stop' AS stop FROM containers WHERE id = ?").get(id)
    return JSON.parse(String(row?.stop))
  } finally {
    database.close()
  }
}

test('failure 26: a paused container is resumed to be stopped, and ends by its stop signal', async () => {
  const engine = await place.open()
  const container = await running(place, engine)
  await container.pause()
  const { stdout } = await askRuntime(place, 'state', container.id)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'paused' })
  expect(await container.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  recordFault('26: stop of a paused container', 'resumed, then stopped by its stop signal')
})
