import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat, script } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import {
  editStore,
  eventually,
  failureOf,
  gone,
  IGNORES,
  isAlive,
  killed,
  OBEYS,
  pidIn,
  pidsOf,
  running,
  runtimeHeldAt,
  warnings,
  zombies,
} from './lab.ts'
import { startOwner } from './owner/owner.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 6: a container whose engine and conmon die while it is stopped does not stay stopping', async () => {
  await using owner = await startOwner(place, { script: IGNORES })
  await owner.hears({ state: 'running' })
  const [pid, monitor] = [await pidIn(place, owner.id, 'pidfile'), await pidIn(place, owner.id, 'conmon.pid')]
  owner.say('stop')
  await owner.hears({ state: 'stopping' })
  await owner.kill('SIGKILL')
  await killed(monitor)
  expect(isAlive(pid)).toBe(true)

  const engine = await place.open()
  const container = engine.get(owner.id)
  expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  await eventually(() => container.state).toBe('exited')
  expect(isAlive(pid)).toBe(false)
  expect(place.leftovers()).toEqual([])
  recordFault('06: engine and conmon killed while stopping', 'the survivor is killed; −1, cleaned up')
})

test.each(['created', 'running', 'paused'])(
  'failure 7: the first forced removal succeeds after conmon has died under a container that is %s',
  async (state) => {
    const engine = await place.open()
    const container = state === 'created' ? await place.sh(engine, OBEYS) : await running(place, engine)
    if (state === 'paused') await container.pause()
    expect(container.state).toBe(state)
    const { pid, monitor } = pidsOf(container)
    process.kill(monitor, 'SIGKILL')
    await container.remove({ force: true })

    expect(isAlive(monitor)).toBe(false)
    expect(engine.snapshot().containers).toEqual([])
    await gone(pid)
    expect(place.leftovers()).toEqual([])
    recordFault('07: conmon killed before rm -f', 'the first removal succeeds')
  },
)

test('failure 17: an engine that gets SIGTERM before it has the pid of what conmon made leaks neither', async () => {
  const runtime = runtimeHeldAt(place, 'create')
  const held = runtime.hold()
  await using owner = await startOwner(place, { script: OBEYS, runtime: runtime.path })
  await eventually(held.isReached).toBe(true)
  const monitor = await pidIn(place, owner.id, 'conmon.pid')
  await owner.kill('SIGTERM')
  held.release()
  // Made to the end, and nobody knows of it.
  const pid = await pidIn(place, owner.id, 'pidfile')
  expect([isAlive(monitor), isAlive(pid)]).toEqual([true, true])

  const engine = await place.open()
  const info = engine.get(owner.id).inspect()
  expect(info).toMatchObject({ state: 'configured', pid: null, error: { code: 'EINTERRUPTED' } })
  expect([isAlive(monitor), isAlive(pid)]).toEqual([false, false])
  expect(place.leftovers()).toEqual([])
  await engine.get(owner.id).start()
  expect(engine.get(owner.id)).toMatchObject({ state: 'running', generation: 2 })
  recordFault('17: SIGTERM before conmon’s pid is known', 'conmon and container are found and ended')
})

test('failure 18: a conmon that cannot be moved to its cgroup is warned of, and nothing waits', async () => {
  const first = await place.open()
  const { id } = await running(place, first)
  await first.get(id).stop()
  await first.close()
  // The kernel takes no cgroup of such a name.
  const nowhere = '/no\nsuch'
  editStore(
    place,
    "UPDATE containers SET settings = json_set(settings, '$.monitor.placement.path', ?)",
    nowhere,
  )

  const { logger, lines } = warnings()
  const engine = await place.open({ logger })
  const container = engine.get(id)
  await container.start()
  expect(lines.filter((line) => line.includes('could not be moved to a cgroup'))).toHaveLength(1)

  const { monitor } = pidsOf(container)
  expect(await container.stop()).toMatchObject({ code: 5, generation: 2 })
  await eventually(() => container.state).toBe('exited')
  expect(isAlive(monitor)).toBe(false)
  expect(zombies()).toEqual([])
  expect(place.leftovers()).toEqual([])
  recordFault('18: conmon’s cgroup cannot be made', 'a warning; the container lives and ends')
})

const WORDS = 'the log has the reason'
const LOG_LINE = `{"level":"error","msg":"${WORDS}"}`

test('failure 19: a create on whose sync pipe nothing comes has failed, for the reason in the runtime’s log', async () => {
  // conmon 2.1 reports what the runtime said on its standard error: of one that said nothing, nothing.
  const silent = runtimeThat(
    place.path,
    'create',
    `log=$(printf '%s\\n' "$*" | sed -E 's/.*--log[= ]([^ ]+).*/\\1/')
    echo '${LOG_LINE}' > "$log"; exit 1`,
  )
  const mute = script(
    place.path,
    'mute',
    `case "$*" in *--version*) exec ${findProgram('conmon')} --version;; esac
echo '${LOG_LINE}' > runtime.log; exit 1`,
  )
  for (const options of [{ runtime: silent }, { conmon: mute }]) {
    const engine = await place.open(options)
    const error = await failureOf(place.sh(engine, OBEYS, { name: 'web' }))
    expect(error).toMatchObject({ code: 'ERUNTIME', program: { verb: 'create', logLine: WORDS } })
    expect(error.message).toMatch(new RegExp(`create [0-9a-f]+: ${WORDS}$`))
    expect(engine.snapshot().containers).toEqual([])
    expect(place.leftovers()).toEqual([])
    await engine.close()
  }
  recordFault('19: an empty sync pipe', 'a failed create, in the words of the runtime’s log', 2)
})

test('failure 19: a conmon that is killed in the middle of a create has failed, and its runtime is gone', async () => {
  const runtime = runtimeHeldAt(place, 'create')
  const held = runtime.hold()
  const engine = await place.open({ runtime: runtime.path })
  const creating = failureOf(place.sh(engine, OBEYS))
  await eventually(held.isReached).toBe(true)
  const id = engine.snapshot().containers[0]?.id ?? ''
  await killed(await pidIn(place, id, 'conmon.pid'))

  expect(await creating).toMatchObject({ code: 'ERUNTIME', containerId: id })
  expect(await processesNaming(runtime.path)).toEqual([])
  expect(engine.snapshot().containers).toEqual([])
  expect(place.leftovers()).toEqual([])
  recordFault('19: conmon killed during create', 'a failed create, and nothing left of it')
})
