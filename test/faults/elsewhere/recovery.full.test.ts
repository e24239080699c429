import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import {
  cgroupsOf,
  editStore,
  eventually,
  isAlive,
  killed,
  pidsOf,
  running,
  runtimeHeldAt,
  stranger,
} from './lab.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 24: one container that gives no answer keeps no other, and exits meanwhile are not lost', async () => {
  const runtime = runtimeHeldAt(place, 'state|list')
  const first = await place.open({ runtime: runtime.path })
  const names = ['hung', 'asked', 'seen', 'quick']
  const made = await Promise.all(names.map((name) => running(place, first, undefined, { name })))
  const [hung, asked, seen] = made.map(pidsOf)
  const [holdHung, holdAsked] = made.slice(0, 2).map(({ id }) => runtime.hold(id))
  // It does not get past that container either where it is asked for all at once.
  runtime.hold('list')
  await first.close()

  const opening = place.open()
  await eventually(() => [holdHung?.isReached(), holdAsked?.isReached()]).toEqual([true, true])
  process.kill(asked?.pid ?? 0, 'SIGTERM')
  process.kill(seen?.pid ?? 0, 'SIGTERM')
  const second = await opening
  expect(second.get('hung').state).toBe('reconciling')

  expect(await second.get('asked').wait()).toMatchObject({ code: 5, cause: 'exited' })
  expect(await second.get('seen').wait()).toMatchObject({ code: 5, cause: 'exited' })
  expect(await second.get('quick').stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(isAlive(hung?.pid ?? 0)).toBe(true)
  holdAsked?.release()
  holdHung?.release()
  await eventually(() => second.get('hung').state).toBe('running')
  expect(await second.get('hung').stop()).toMatchObject({ code: 5 })
  recordFault('24: a runtime that hangs over one container on open', 'the others are there, with their exits')
})

test.each(['outlived it', 'went with it'])(
  'failure 25: after a restart of the machine nothing is running, where the run root %s',
  async (what) => {
    await using other = await stranger()
    const first = await place.open()
    const container = await running(place, first)
    const { pid, monitor } = pidsOf(container)
    await first.close()
    await killed(monitor)
    await killed(pid)
    const database = "UPDATE containers SET facts = json_set(facts, '$.process', json(?))"
    // A machine that boots as it did before may give out the same number at the same tick.
    const namesake = { ...identifyProcess(other.pid), bootId: 'another boot' }
    editStore(place, database, JSON.stringify(namesake))
    editStore(place, "UPDATE meta SET value = 'another boot' WHERE key = 'boot_id'")
    const state = join(place.runRoot, 'runtime', container.id, 'state.json')
    const { init_process_pid, init_process_start, ...rest } = JSON.parse(await readFile(state, 'utf8'))
    expect(init_process_pid).toBe(pid)
    expect(init_process_start).toBeGreaterThan(0)
    const stale = { ...rest, init_process_pid: other.pid, init_process_start: Number(namesake.startTime) }
    await writeFile(state, JSON.stringify(stale))
    if (what === 'went with it') rmSync(place.runRoot, { recursive: true })

    const second = await place.open()
    const again = second.get(container.id)
    expect(await again.wait()).toMatchObject({ code: -1, cause: 'host-restart' })
    await eventually(() => again.state).toBe('exited')
    expect(isAlive(other.pid)).toBe(true)
    expect(place.leftovers()).toEqual([])
    expect(cgroupsOf(container)).toEqual([])
    await again.start()
    expect(again).toMatchObject({ state: 'running', generation: 2 })
    recordFault('25: state of another boot', 'exited with −1, cause host-restart; no stranger is touched')
  },
)
