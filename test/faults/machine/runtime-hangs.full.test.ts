import { describe, expect, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import type { Container, Engine, EngineOptions } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { type HangingRuntime, hangingRuntime } from './hanging-runtime.ts'

const LONG = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
const PATIENT = { timeout: 30_000 }
/** Seconds: a busy machine's real runtime needs some. */
const LIMIT = 5

const timedOut = (verb: string) =>
  expect.objectContaining({
    code: 'ERUNTIME',
    failure: 'timed-out',
    message: expect.stringContaining(`${verb} `),
  })

interface Bed extends AsyncDisposable {
  place: TestPlace
  runtime: HangingRuntime
  open(options?: EngineOptions): Promise<Engine>
}

async function setUp(): Promise<Bed> {
  const place = await testPlace()
  const runtime = hangingRuntime(place.path)
  return {
    place,
    runtime,
    open: (options) => place.open({ runtime: runtime.path, runtimeTimeout: LIMIT, ...options }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

async function running({ place }: Bed, engine: Engine, name: string): Promise<Container> {
  const container = await place.sh(engine, LONG, { name, stopTimeout: 600 })
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

const pidOf = (container: Container): number => container.inspect().pid ?? 0

/** A life from beginning to end, of somebody else. */
async function live({ place }: Bed, engine: Engine): Promise<void> {
  await using container = await place.sh(engine, 'exit 3')
  await container.start()
  expect(await container.wait()).toMatchObject({ code: 3 })
}

describe.concurrent('a runtime that hangs', () => {
  test('at a create: the create fails in time, and leaves nothing', async ({ expect }) => {
    await using bed = await setUp()
    const { place, runtime } = bed
    const engine = await bed.open()
    runtime.hang('create')
    const create = place.sh(engine, 'true', { name: 'web' })
    create.catch(() => {})
    await expect.poll(() => runtime.hanging('create'), PATIENT).toBeGreaterThan(0)
    await expect(create).rejects.toEqual(timedOut('create'))
    expect(await runtime.hanging()).toBe(0)
    runtime.release('create')
    expect(place.leftovers()).toEqual([])
    await place.sh(engine, 'true', { name: 'web' })
    recordFault('runtime hangs at create', 'timed-out; nothing left, the name is free')
  })

  test('at a start, before it or after: the container is what it really is', async ({ expect }) => {
    await using bed = await setUp()
    const { place, runtime } = bed
    const engine = await bed.open()
    const [before, after] = [
      await place.sh(engine, LONG, { name: 'before' }),
      await place.sh(engine, LONG, { name: 'after' }),
    ]
    runtime.hang('start', before.id, 'before')
    runtime.hang('start', after.id, 'after')
    const starts = Promise.allSettled([before.start(), after.start()])
    await expect.poll(() => runtime.hanging('start'), PATIENT).toBe(2)
    await live(bed, engine)
    const [first, second] = await starts
    expect(first).toMatchObject({ status: 'rejected', reason: timedOut('start') })
    expect(before.state).toBe('created')
    expect(second.status).toBe('fulfilled')
    expect(after.state).toBe('running')
    expect(await runtime.hanging()).toBe(0)

    runtime.release('start', before.id)
    await before.start()
    for (const container of [before, after]) {
      expect(identifyProcess(pidOf(container))).toBeDefined()
      await container.remove({ force: true })
    }
    recordFault('runtime hangs at start', 'timed-out, or started where it has', 2)
  })

  test('at a kill: a stop fails in time, or kills without it', async ({ expect }) => {
    await using bed = await setUp()
    const { runtime } = bed
    const engine = await bed.open()
    const [patient, hasty] = [await running(bed, engine, 'patient'), await running(bed, engine, 'hasty')]
    for (const { id } of [patient, hasty]) runtime.hang('kill', id)
    const stops = Promise.allSettled([patient.stop(), hasty.stop({ timeout: 0.1 })])
    await expect.poll(() => runtime.hanging('kill'), PATIENT).toBeGreaterThan(0)
    await live(bed, engine)
    const [first, second] = await stops
    expect(first).toMatchObject({ status: 'rejected', reason: timedOut('kill') })
    expect(patient.state).toBe('running')
    expect(second).toMatchObject({
      status: 'fulfilled',
      value: { code: 137, signal: 'SIGKILL', cause: 'stopped-by-user' },
    })
    expect(await runtime.hanging()).toBe(0)

    runtime.release('kill', patient.id)
    expect(await patient.stop()).toMatchObject({ code: 5 })
    recordFault('runtime hangs at kill', 'a stop is timed-out, SIGKILL goes without it', 2)
  })

  test('when it is asked: whoever asked hears so, and the next answer counts', async ({ expect }) => {
    await using bed = await setUp()
    const { runtime } = bed
    const engine = await bed.open()
    const web = await running(bed, engine, 'web')
    runtime.hang('state', web.id)
    const refresh = web.refresh()
    refresh.catch(() => {})
    await expect.poll(() => runtime.hanging('state'), PATIENT).toBe(1)
    await live(bed, engine)
    await expect(refresh).rejects.toEqual(timedOut('state'))
    expect(web.state).toBe('reconciling')
    runtime.release('state', web.id)
    await expect.poll(() => web.state, PATIENT).toBe('running')
    expect(await web.stop()).toMatchObject({ code: 5 })
    recordFault('runtime hangs when asked', 'timed-out; asked again, the truth is found')
  })

  test('at a clean-up: the exit is known, and the clean-up can be asked for again', async ({ expect }) => {
    await using bed = await setUp()
    const { place, runtime } = bed
    const engine = await bed.open()
    const web = await place.sh(engine, 'exit 4')
    runtime.hang('delete', web.id)
    await web.start()
    expect(await web.wait()).toMatchObject({ code: 4 })
    await expect.poll(() => runtime.hanging('delete'), PATIENT).toBe(1)
    await live(bed, engine)
    await expect.poll(() => web.inspect().error, PATIENT).toMatchObject({ code: 'ERUNTIME' })
    expect(web.state).toBe('stopped')
    expect(await runtime.hanging()).toBe(0)
    runtime.release('delete', web.id)
    await web.cleanup()
    expect(web.state).toBe('exited')
    expect(place.leftovers()).toEqual([])
    recordFault('runtime hangs at delete', 'the exit is known; cleaned up when asked again')
  })

  test('at a command in a container: it fails in time, and the container goes on', async ({ expect }) => {
    await using bed = await setUp()
    const { runtime } = bed
    const engine = await bed.open()
    const web = await running(bed, engine, 'web')
    runtime.hang('exec', web.id)
    const exec = web.exec(['true'])
    exec.catch(() => {})
    await expect.poll(() => runtime.hanging('exec'), PATIENT).toBe(1)
    await expect(exec).rejects.toEqual(timedOut('exec'))
    expect(await runtime.hanging()).toBe(0)
    runtime.release('exec', web.id)
    expect(await web.exec(['echo', 'on'])).toMatchObject({ exitCode: 0, stdout: 'on\n' })
    expect(await web.stop()).toMatchObject({ code: 5 })
    recordFault('runtime hangs at exec', 'timed-out; the container goes on')
  })
})

test.concurrent('as many creates hang as may run at once, and more: others stop, start and live', async ({
  expect,
}) => {
  await using bed = await setUp()
  const { place, runtime } = bed
  const engine = await bed.open({ concurrency: 2, runtimeTimeout: 600 })
  const web = await running(bed, engine, 'web')
  const other = await place.sh(engine, 'exit 3')
  runtime.hang('create')
  const giveUp = new AbortController()
  const command = ['true']
  const creates = Array.from({ length: 6 }, () =>
    engine.create({ rootfs: place.rootfs, command }, { signal: giveUp.signal }),
  )
  const over = Promise.allSettled(creates)
  await expect.poll(() => runtime.hanging('create'), PATIENT).toBeGreaterThanOrEqual(2)
  expect(await web.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(await runtime.hanging('create')).toBeLessThan(creates.length)
  // One that hangs keeps its place for some seconds only.
  await other.start()
  expect(await other.wait()).toMatchObject({ code: 3 })
  expect(await runtime.hanging('create')).toBeGreaterThanOrEqual(2)

  giveUp.abort()
  expect((await over).map(({ status }) => status)).toEqual(creates.map(() => 'rejected'))
  expect(await runtime.hanging()).toBe(0)
  recordFault('more creates hang than may run', 'another stops, another starts', creates.length)
})
