import { describe, expect, test } from 'vitest'
import { RuntimeError, StoreError } from '../../src/index.ts'
import { SLEEPER, simulated, started, statesOf } from './simulated.ts'

describe('a scripted fault', () => {
  test('of a start has the words that were given, and the container can be started again', async () => {
    const { engine, faults } = await simulated()
    const container = await engine.create(SLEEPER)
    faults.next('start', { fails: 'exec format error' })
    await expect(container.start()).rejects.toThrow(/exec format error/)
    expect(container).toMatchObject({ state: 'created', generation: 1 })
    expect(faults.pending).toBe(0)
    await container.start()
    expect(container.state).toBe('running')
  })

  test('of a start that has done its work all the same is seen through', async () => {
    const { engine, faults } = await simulated()
    const container = await engine.create(SLEEPER)
    faults.next('start', { fails: 'signal: killed', done: true })
    await container.start()
    expect(container.state).toBe('running')
  })

  test('of a create leaves no container, and its name free', async () => {
    const { engine, faults } = await simulated()
    faults.next('create', { fails: 'no space left on device' })
    await expect(engine.create({ ...SLEEPER, name: 'one' })).rejects.toThrow(RuntimeError)
    expect(engine.snapshot().containers).toEqual([])
    expect(engine.exitRecord('one')).toMatchObject({ code: -1, cause: 'create-failed' })
    await engine.create({ ...SLEEPER, name: 'one' })
  })

  test('befalls the container that it is for alone', async () => {
    const { engine, faults } = await simulated()
    const [one, two] = [await started(engine, { name: 'one' }), await started(engine, { name: 'two' })]
    faults.next('pause', { fails: 'freezer not supported' }, { container: 'two' })
    await one.pause()
    await expect(two.pause()).rejects.toThrow(/freezer not supported/)
    expect([one.state, two.state]).toEqual(['paused', 'running'])
  })

  test('of a runtime that hangs ends at its time limit', async () => {
    const { engine, clock, faults } = await simulated({ runtimeTimeout: 5 })
    const container = await engine.create(SLEEPER)
    faults.next('start', 'hangs')
    const outcome = expect(container.start()).rejects.toMatchObject({ failure: 'timed-out' })
    await clock.advance(4_999)
    expect(container.state).toBe('starting')
    await clock.advance(1)
    await outcome
    expect(container.state).toBe('created')
  })

  test('of a create that takes its time leaves it under way until then, and it can be given up', async () => {
    const { engine, clock, faults } = await simulated()
    for (const name of ['patient', 'hasty']) faults.next('create', { takes: 2_000 }, { container: name })
    const giveUp = new AbortController()
    const hasty = expect(
      engine.create({ ...SLEEPER, name: 'hasty' }, { signal: giveUp.signal }),
    ).rejects.toThrow('enough')
    const patient = engine.create({ ...SLEEPER, name: 'patient' })
    await clock.advance(1_000)
    expect(engine.snapshot().containers.map(({ state }) => state)).toEqual(['creating', 'creating'])
    giveUp.abort(new Error('enough'))
    await clock.advance(1_000)
    await hasty
    expect((await patient).state).toBe('created')
    expect(engine.snapshot().containers).toHaveLength(1)
  })

  test('of a kill that hangs keeps nothing alive', async () => {
    const { engine, clock, faults } = await simulated()
    const container = await started(engine)
    faults.next('kill', 'hangs')
    const stopping = container.stop({ timeout: 0 })
    await clock.advance(2_000)
    expect(await stopping).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  })

  test('of each attempt at a clean-up leaves the exit known and the clean-up to be asked for', async () => {
    const { engine, clock, faults } = await simulated()
    const container = await started(engine)
    for (let attempt = 0; attempt < 2; attempt += 1)
      faults.next('delete', { fails: 'device or resource busy' })
    await container.stop()
    await clock.settle()
    expect(container.inspect()).toMatchObject({
      state: 'stopped',
      exitCode: 143,
      error: { code: 'ERUNTIME' },
    })
    await container.cleanup()
    expect(container.state).toBe('exited')
  })

  test('of a command in a container leaves the container as it is', async () => {
    const { engine, faults } = await simulated({ programs: { id: () => 0 } })
    const container = await started(engine)
    faults.next('exec', { fails: 'no such file', failure: 'command-not-found' })
    await expect(container.exec(['id'])).rejects.toMatchObject({ failure: 'command-not-found' })
    expect(await container.exec(['id'])).toMatchObject({ exitCode: 0 })
  })
})

describe('a monitor that is lost', () => {
  test('takes its container with it, and the exit code', async () => {
    const { engine, world } = await simulated()
    const container = await started(engine)
    world.loseMonitor(container.id)
    expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    expect([...engine.events.past(0)].filter(({ type }) => type === 'monitor.lost')).toHaveLength(1)
  })

  test('leaves one that is kept running, and its exit known', async () => {
    const { engine, world } = await simulated({ monitorLost: 'keep' })
    const container = await started(engine)
    world.loseMonitor(container.id)
    await world.clock.settle()
    expect(container.inspect()).toMatchObject({ state: 'running', monitorPid: null })
    world.exit(container.id, { code: 7 })
    expect(await container.wait()).toMatchObject({ code: 7, cause: 'exited' })
  })
})

test('a store that is full refuses commands, moves nothing, and loses no exit', async () => {
  const { engine, world, clock, faults } = await simulated()
  const [idle, busy] = [await engine.create(SLEEPER), await started(engine)]
  faults.fillStore()
  await expect(idle.start()).rejects.toMatchObject({ failure: 'full' })
  await expect(engine.create(SLEEPER)).rejects.toThrow(StoreError)
  world.exit(busy.id, { code: 9 })
  await clock.advance(60_000)
  expect(busy.state).toBe('running')
  faults.freeStore()
  await clock.advance(1_000)
  expect(busy.inspect()).toMatchObject({ state: 'exited', exitCode: 9 })
})

describe('the next engine', () => {
  test('finds its containers as they are, and hears their exits', async () => {
    const { engine: first, world } = await simulated()
    const [one, two] = [await started(first, { name: 'one' }), await started(first, { name: 'two' })]
    await two.pause()
    const { seq } = first.snapshot()
    const engine = await world.restartEngine()
    expect(engine).toBe(world.engine)
    await expect(one.stop()).rejects.toMatchObject({ code: 'ECLOSED' })
    expect(['one', 'two'].map((name) => engine.get(name).state)).toEqual(['running', 'paused'])
    expect(engine.get('one').inspect().pid).toBe(one.inspect().pid)
    world.exit('one', { code: 4 })
    expect(await engine.get('one').wait()).toMatchObject({ code: 4, generation: 1 })
    expect([...engine.events.past(seq)][0]?.seq).toBe(seq + 1)
  })

  test('undoes a create that the last one did not live to see', async () => {
    const { engine: first, world, clock, faults } = await simulated()
    faults.next('create', 'hangs')
    const creating = expect(first.create({ ...SLEEPER, name: 'one' })).rejects.toMatchObject({
      code: 'ECLOSED',
    })
    await clock.settle()
    const engine = await world.restartEngine()
    await creating
    expect(engine.get('one').inspect()).toMatchObject({
      state: 'configured',
      error: { code: 'EINTERRUPTED' },
    })
  })

  test('goes on with a stop that was under way', async () => {
    const stubborn = {
      sleep: (process: { on(signal: string, take: () => void): void }) =>
        void process.on('SIGTERM', () => {}),
    }
    const { engine: first, world, clock } = await simulated({ programs: stubborn })
    const container = await started(first, { name: 'one', stopTimeout: 10 })
    container.stop().catch(() => {})
    await clock.advance(5_000)
    const engine = await world.restartEngine()
    expect(engine.get('one').state).toBe('stopping')
    await clock.advance(10_000)
    expect(engine.get('one').inspect().exit).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  })

  test('after a restart of the machine finds every run ended, and numbers go ahead', async () => {
    const { engine: first, world } = await simulated()
    const container = await started(first, { name: 'one' })
    const { seq } = first.snapshot()
    const engine = await world.restartMachine()
    expect(engine.get('one').inspect().exit).toMatchObject({ code: -1, cause: 'host-restart' })
    expect(engine.snapshot().seq).toBeGreaterThan(seq + 1_000)
    expect(statesOf(engine.events.past(seq), container).at(-1)).toBe('exited')
  })

  test('takes over commands that were detached, and ends those that were not', async () => {
    const { engine: first, world } = await simulated({ programs: { wait: () => undefined } })
    const container = await started(first, { name: 'one' })
    const detached = await container.execSession(['wait'], { detach: true })
    await container.execSession(['wait'])
    const engine = await world.restartEngine()
    expect(engine.get('one').execs()).toMatchObject([{ id: detached.id, state: 'running' }])
    await engine.get('one').execStop()
    expect(engine.get('one').execs()).toEqual([])
  })
})
