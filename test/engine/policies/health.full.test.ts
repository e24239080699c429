import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Container, CreateOptions, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { eventually, FAST, told } from './told.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const RUNS = 'exec sleep 1000'
/** Passes as long as a file is there. */
const PROBE = ['sh', '-c', 'echo looked; [ -e /tmp/well ]']
const OFTEN = { command: PROBE, interval: 0.1, retries: 2 }

const wellness = (): string => `${place.rootfs}/tmp/well`
const status = (container: Container): string | undefined => container.inspect().health?.status

async function asked(
  engine: Engine,
  healthCheck: CreateOptions['healthCheck'],
  script = RUNS,
  options: CreateOptions = {},
): Promise<Container> {
  const container = await place.sh(engine, script, { name: 'web', healthCheck, ...options })
  expect(container.inspect().health).toBeNull()
  await container.start()
  return container
}

describe('a container that is asked for its health', () => {
  test('is starting, healthy, unhealthy and healthy again, and each is told once', async () => {
    const engine = await place.open()
    writeFileSync(wellness(), '')
    const web = await asked(engine, OFTEN)
    await eventually(() => status(web)).toBe('healthy')
    rmSync(wellness())
    await eventually(() => status(web)).toBe('unhealthy')
    expect(web.inspect().health?.failingStreak).toBeGreaterThanOrEqual(2)
    expect(web.inspect().health?.results.at(-1)).toMatchObject({
      ...{ exitCode: 1, output: 'looked\n', timedOut: false },
    })
    writeFileSync(wellness(), '')
    await eventually(() => status(web)).toBe('healthy')
    expect(told(engine, web).filter((word) => word.startsWith('health'))).toEqual([
      'health healthy',
      'health unhealthy',
      'health healthy',
    ])
  })

  test('has its probes shown to nobody, and they end with it', async () => {
    const engine = await place.open()
    const web = await asked(engine, {
      command: ['sh', '-c', 'touch /tmp/probing; exec sleep 1000'],
      interval: 0.1,
    })
    await eventually(() => existsSync(`${place.rootfs}/tmp/probing`)).toBe(true)
    expect(web.execs()).toEqual([])
    await web.execStop()
    expect(await web.stop({ timeout: 0 })).toMatchObject({ code: 137 })
    await eventually(() => web.state).toBe('exited')
    expect(web.inspect().health).toEqual({ status: 'starting', failingStreak: 0, results: [] })
    expect(told(engine, web).filter((word) => word.startsWith('exec'))).toEqual([])
    await web.remove()
    expect(place.leftovers()).toEqual([])
  })

  test('has a probe killed that takes too long', async () => {
    const engine = await place.open()
    const web = await asked(engine, { command: ['sleep', '1000'], interval: 0.1, timeout: 0.5, retries: 1 })
    await eventually(() => status(web)).toBe('unhealthy')
    expect(web.inspect().health?.results[0]).toMatchObject({ exitCode: -1, timedOut: true })
  })

  test('is unhealthy where the probe cannot be run, and says why', async () => {
    const engine = await place.open()
    const web = await asked(engine, { command: ['/no/such/program'], interval: 0.1, retries: 1 })
    await eventually(() => status(web)).toBe('unhealthy')
    expect(web.inspect().health?.results[0]).toMatchObject({ exitCode: -1, timedOut: false })
    expect(web.inspect().health?.results[0]?.output).toContain('/no/such/program')
  })

  test('may fail in its start period', async () => {
    const engine = await place.open()
    const web = await asked(engine, { ...OFTEN, startPeriod: 100_000 })
    await eventually(() => web.inspect().health?.results.length).toBe(5)
    expect(web.inspect().health).toMatchObject({ status: 'starting', failingStreak: 0 })
    writeFileSync(wellness(), '')
    await eventually(() => status(web)).toBe('healthy')
    rmSync(wellness())
    await eventually(() => status(web)).toBe('unhealthy')
  })

  test('is not asked while it is paused', async () => {
    const engine = await place.open()
    writeFileSync(wellness(), '')
    const web = await asked(engine, OFTEN)
    await eventually(() => status(web)).toBe('healthy')
    await web.pause()
    const { seq } = engine.snapshot()
    const { health } = web.inspect()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(web.inspect().health).toEqual(health)
    expect([...engine.events.past(seq)]).toEqual([])
    await web.resume()
    rmSync(wellness())
    await eventually(() => status(web)).toBe('unhealthy')
  })

  test('begins anew with each run', async () => {
    const engine = await place.open()
    writeFileSync(wellness(), '')
    const web = await asked(engine, OFTEN, RUNS, { restart: { policy: 'always', backOff: FAST } })
    await eventually(() => status(web)).toBe('healthy')
    rmSync(wellness())
    process.kill(web.inspect().pid ?? 0, 'SIGKILL')
    await eventually(() => [web.generation, status(web)]).toEqual([2, 'unhealthy'])
  })
})

test('a probe that its container ends under does not count', async () => {
  const engine = await place.open()
  const hangs = { command: ['sh', '-c', 'touch /tmp/probing; exec sleep 1000'], interval: 0.1, retries: 1 }
  const web = await asked(engine, hangs)
  await eventually(() => existsSync(`${place.rootfs}/tmp/probing`)).toBe(true)
  process.kill(web.inspect().pid ?? 0, 'SIGKILL')
  expect(await web.wait()).toMatchObject({ code: 137 })
  await eventually(() => web.state).toBe('exited')
  expect(web.inspect().health).toMatchObject({ status: 'starting', results: [] })
})

test('whoever waits for a container to be healthy hears when it is, or that its run is over', async () => {
  const engine = await place.open()
  const web = await asked(engine, OFTEN)
  const healthy = web.wait({ for: 'healthy' })
  writeFileSync(wellness(), '')
  expect(await healthy).toMatchObject({ state: 'running', health: { status: 'healthy' } })
  expect(await web.wait({ for: 'healthy', timeout: 0 })).toMatchObject({ generation: 1 })
  rmSync(wellness())
  await eventually(() => status(web)).toBe('unhealthy')
  const never = web.wait({ for: 'healthy' })
  const late = web.wait({ for: 'healthy', timeout: 0.01 })
  await expect(late).rejects.toMatchObject({ code: 'EWAITTIMEOUT' })
  await Promise.all([web.stop({ timeout: 0 }), expect(never).rejects.toMatchObject({ code: 'EOVERTAKEN' })])
  const unasked = await place.sh(engine, RUNS)
  await expect(unasked.wait({ for: 'healthy' })).rejects.toMatchObject({ code: 'EINPUT' })
})

test('an engine that opens goes on with what is known of the health', async () => {
  const engine = await place.open()
  const web = await asked(engine, { ...OFTEN, startPeriod: 100_000 })
  writeFileSync(wellness(), '')
  await eventually(() => status(web)).toBe('healthy')
  await engine.close()
  const next = await place.open()
  expect(status(next.get('web'))).toBe('healthy')
  rmSync(wellness())
  await eventually(() => status(next.get('web'))).toBe('unhealthy')
  expect(told(next, web).filter((word) => word.startsWith('health'))).toEqual([
    'health healthy',
    'health unhealthy',
  ])
})

test.each([
  { command: [] },
  { command: 'true' },
  { command: ['true'], interval: 0 },
  { command: ['true'], timeout: -1 },
  { command: ['true'], retries: 0 },
  { command: ['true'], startPeriod: Number.NaN },
  null,
])('the health check %j is refused, and makes nothing', async (healthCheck) => {
  const engine = await place.open()
  const created = place.sh(engine, 'true', { healthCheck: healthCheck as CreateOptions['healthCheck'] })
  await expect(created).rejects.toMatchObject({ code: 'EINPUT', hint: expect.stringMatching(/\w/) })
  expect(engine.snapshot().containers).toEqual([])
})
