import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../../effects/process/identity.ts'
import { openEngine } from '../../../../src/index.ts'
import { cliPlace, MAIN } from '../../../cli/place.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { recordFault } from '../../record.ts'
import { LONG, PATIENT, states } from '../full-place.ts'
import { hangingRuntime } from '../hanging-runtime.ts'
import { type RemoteEngine, remoteEngine } from '../remote-engine.ts'
import { HOUR_MS, type WrongClock, wrongClock, YEAR_MS } from './wrong-clock.ts'

let place: TestPlace
let clock: WrongClock
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  clock = wrongClock(place.path)
})

const open = (options: { runtime?: string; runtimeTimeout?: number } = {}): Promise<RemoteEngine> =>
  remoteEngine({ root: place.root, runRoot: place.runRoot, runtime: TEST_RUNTIME, ...options }, clock.by)

/** A container of a script, which is waited for until it has written `ready`. */
async function running(engine: RemoteEngine, script = LONG): Promise<string> {
  const id = await engine.create({ rootfs: place.rootfs, command: ['sh', '-c', script], stopTimeout: 600 })
  await engine.start(id)
  await expect
    .poll(() => readFileSync(join(place.root, 'containers', id, 'ctr.log'), 'utf8'), PATIENT)
    .toContain('ready')
  return id
}

test('a clock that is set back turns no order round: events, numbers, exits and records', async () => {
  await using engine = await open()
  const before = await running(engine)
  clock.ahead(-HOUR_MS)
  const after = await running(engine)
  expect(await engine.stop(before)).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(await engine.stop(after)).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  await expect.poll(async () => (await engine.inspect(after)).state, PATIENT).toBe('exited')
  await expect.poll(async () => (await engine.inspect(before)).state, PATIENT).toBe('exited')

  const events = await engine.events(0)
  const times = events.map(({ at }) => Date.parse(at))
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  expect(steps.filter((step) => step < -HOUR_MS / 2)).toHaveLength(1)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  for (const id of [before, after]) {
    expect(states(events.filter(({ containerId }) => containerId === id))).toEqual([
      ...['configured', 'creating', 'created', 'starting', 'running'],
      ...['stopping', 'signal', 'stopped', 'cleaning', 'exited'],
    ])
  }
  // A second run has the later record, though an hour earlier by the clock.
  clock.ahead(-2 * HOUR_MS)
  await engine.start(before)
  await engine.kill(before, 'SIGKILL')
  expect(await engine.wait(before)).toMatchObject({ code: 137, generation: 2 })
  expect(await engine.exitRecord(before)).toMatchObject({ code: 137, generation: 2 })
  await engine.close()

  const next = await place.open()
  expect(next.exitRecord(before)).toMatchObject({ code: 137, generation: 2 })
  expect(next.exitRecord(before, 1)).toMatchObject({ code: 5 })
  expect(next.get(after).state).toBe('exited')
  recordFault('wall clock set an hour back', 'events, numbers, records in their order', 2)
})

test('an engine a year ahead keeps exit records of just now, and so does one in 1970', async () => {
  const first = await openEngine({ root: place.root, runRoot: place.runRoot, runtime: TEST_RUNTIME })
  const web = await place.sh(first, 'exit 7')
  await web.start()
  expect(await web.wait()).toMatchObject({ code: 7 })
  await expect.poll(() => web.state, PATIENT).toBe('exited')
  await web.remove()
  const alive = await place.sh(first, LONG)
  await alive.start()
  await first.close()
  for (const ahead of [YEAR_MS, -Date.now()]) {
    clock.ahead(ahead)
    await using engine = await open()
    expect(await madeAt(engine)).toBeCloseTo((Date.now() + ahead) / HOUR_MS, 0)
    expect(await engine.exitRecord(web.id)).toMatchObject({ code: 7 })
    expect(await engine.inspect(alive.id)).toMatchObject({ state: 'running' })
    await engine.close()
  }
  const last = await place.open()
  expect(last.exitRecord(web.id)).toMatchObject({ code: 7 })
  expect(last.get(alive.id).state).toBe('running')
  recordFault('wall clock a year ahead, or in 1970', 'exit records are kept, the living are known', 2)
})

test('a stop’s grace is as long as it was to be, whichever way the clock is set meanwhile', async () => {
  await using engine = await open()
  const until = 'while [ ! -e /tmp/end ]; do sleep 0.05; done'
  const slow = await running(engine, `trap "${until}; exit 5" TERM; echo ready; while :; do sleep 0.05; done`)
  const deaf = await running(engine, 'trap "" TERM; echo ready; while :; do sleep 0.05; done')
  const stops = Promise.all([engine.stop(slow), engine.stop(deaf, { timeout: 2 })])
  for (const id of [slow, deaf])
    await expect.poll(async () => (await engine.inspect(id)).state, PATIENT).toBe('stopping')
  for (const ahead of [YEAR_MS, -HOUR_MS]) {
    clock.ahead(ahead)
    expect(await madeAt(engine)).toBeCloseTo((Date.now() + ahead) / HOUR_MS, 1)
  }
  expect(await engine.wait(deaf)).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  expect((await engine.inspect(slow)).state).toBe('stopping')
  writeFileSync(join(place.rootfs, 'tmp/end'), '')
  expect(await stops).toMatchObject([{ code: 5, cause: 'stopped-by-user' }, { code: 137 }])
  recordFault('wall clock set during a stop', 'its grace is neither cut short nor drawn out', 2)
})

test('what hangs is given up in time, and so is a close, though the clock was set back', async () => {
  const runtime = hangingRuntime(place.path)
  await using engine = await open({ runtime: runtime.path, runtimeTimeout: 2 })
  const web = await running(engine)
  const created = await engine.create({ rootfs: place.rootfs, command: ['true'] })
  runtime.hang('state', web)
  const refresh = engine.refresh(web)
  refresh.catch(() => {})
  await expect.poll(() => runtime.hanging('state'), PATIENT).toBe(1)
  clock.ahead(-HOUR_MS)
  await expect(refresh).rejects.toMatchObject({ code: 'ERUNTIME', failure: 'timed-out' })
  runtime.hang('start', created)
  const start = engine.start(created)
  start.catch(() => {})
  await expect.poll(() => runtime.hanging('start'), PATIENT).toBe(1)
  const closing = engine.close({ timeout: 2 })
  await expect(engine.snapshot()).rejects.toMatchObject({ code: 'ECLOSED' })
  clock.ahead(-2 * HOUR_MS)
  await closing
  await expect(start).rejects.toMatchObject({ code: expect.stringMatching(/^E(CLOSED|RUNTIME)$/) })
  runtime.release('start', created)
  runtime.release('state', web)
  recordFault('wall clock set back under what hangs', 'a runtime and a close are given up in time', 2)
})

test('a verb waits for its owner as long as it is to, though the clock leaps a year', async () => {
  await using cli = await cliPlace()
  const silent = await openEngine({ root: cli.root, runRoot: cli.runRoot, runtime: TEST_RUNTIME })
  onTestFinished(() => silent.close())
  const program = [...clock.by.flags, MAIN, ...cli.globals, 'ps', '-aq']
  const verb = execa(process.execPath, program, { env: clock.by.env, reject: false })
  // By then it has begun to count.
  const starting = join(cli.runRoot, 'starting')
  await expect.poll(() => existsSync(join(starting, 'owner.pid')), PATIENT).toBe(true)
  clock.ahead(YEAR_MS)
  await Promise.race([nextAttempt(starting), verb])
  expect(identifyProcess(verb.pid ?? 0)).toBeDefined()
  await silent.close()
  expect(await verb).toMatchObject({ exitCode: 0, stdout: '' })
  recordFault('wall clock a year on while a verb waits', 'it waits on, and has its answer')
})

/** Resolves once somebody has tried anew to start an owner: each attempt makes that file, and removes it. */
async function nextAttempt(directory: string): Promise<void> {
  let changes = 0
  for await (const { eventType, filename } of watch(directory)) {
    if (filename === 'owner.pid' && eventType === 'rename') changes += 1
    if (changes === 3) return
  }
}

/** When an engine makes something now, by its clock; in hours. */
async function madeAt(engine: RemoteEngine): Promise<number> {
  const id = await engine.create({ rootfs: place.rootfs, command: ['true'] })
  const { createdAt } = await engine.inspect(id)
  return Date.parse(createdAt) / HOUR_MS
}
