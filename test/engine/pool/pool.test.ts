import { describe, expect, test } from 'vitest'
import { type Engine, RuntimeError } from '../../../src/index.ts'
import { SLEEPER, simulated } from '../../testing/simulated.ts'

const spec = SLEEPER
/** How many containers are in each state. */
const census = (engine: Engine): Record<string, number> => {
  const count: Record<string, number> = {}
  for (const { state } of engine.containers.value) count[state] = (count[state] ?? 0) + 1
  return count
}

describe('a pool', () => {
  test('is full once it is there, and gives its oldest container first', async () => {
    const { engine } = await simulated()
    const pool = await engine.pool({ spec, size: 3 })
    expect(pool).toMatchObject({ size: 3, ready: 3 })
    const [oldest] = engine.containers.value
    const container = await pool.take()
    expect(container).toMatchObject({ id: oldest?.id, state: 'created', generation: 1 })
    await container.start()
    expect(container.state).toBe('running')
  })

  test('makes another one for each that was taken, as soon as that runs', async () => {
    const { engine } = await simulated()
    const pool = await engine.pool({ spec, size: 2 })
    const container = await pool.take()
    expect(census(engine)).toEqual({ created: 2 })
    await container.start()
    await expect.poll(() => census(engine)).toEqual({ running: 1, created: 2 })
    expect(pool.ready).toBe(2)
  })

  test('makes no other while the one that was taken is being started', async () => {
    const { engine, clock, faults } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    const container = await pool.take()
    faults.next('start', { takes: 50 })
    const starting = container.start()
    await clock.advance(49)
    expect(census(engine)).toEqual({ starting: 1 })
    await clock.advance(1)
    await starting
    await expect.poll(() => census(engine)).toEqual({ running: 1, created: 1 })
  })

  test('does not wait long for whoever takes one and does not start it', async () => {
    const { engine, clock } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    await pool.take()
    await clock.advance(1_000)
    await expect.poll(() => pool.ready).toBe(1)
    expect(census(engine)).toEqual({ created: 2 })
  })

  test('serves more takers than it has containers, each with one of its own', async () => {
    const { engine } = await simulated()
    const pool = await engine.pool({ spec, size: 2 })
    const taken = await Promise.all(Array.from({ length: 7 }, () => pool.take()))
    expect(new Set(taken.map(({ id }) => id)).size).toBe(7)
    await Promise.all(taken.map((container) => container.start()))
    await expect.poll(() => census(engine)).toEqual({ running: 7, created: 2 })
  })

  test('lets a taker go who has waited long enough, and keeps the container for the next', async () => {
    const { engine, clock, faults } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    const first = await pool.take()
    faults.next('create', { takes: 5_000 })
    await first.start()
    const giveUp = new AbortController()
    const refused = expect(pool.take({ signal: giveUp.signal })).rejects.toThrow('enough')
    giveUp.abort(new Error('enough'))
    await refused
    const next = pool.take()
    await clock.advance(5_000)
    expect(await next).toMatchObject({ state: 'created' })
    await (await next).start()
    await expect.poll(() => census(engine)).toEqual({ running: 2, created: 1 })
  })

  test('tells a taker what a creation failed with, and makes the next one all the same', async () => {
    const { engine, faults } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    const first = await pool.take()
    faults.next('create', { fails: 'no space left on device' })
    const second = expect(pool.take()).rejects.toThrow(/no space left/)
    await first.start()
    await second
    await expect.poll(() => pool.ready).toBe(1)
  })

  test('is short of one whose creation failed until somebody takes the next', async () => {
    const { engine, faults } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    const first = await pool.take()
    faults.next('create', { fails: 'no space left on device' })
    await first.start()
    await expect.poll(() => [faults.pending, census(engine)]).toEqual([0, { running: 1 }])
    const second = await pool.take()
    await second.start()
    await expect.poll(() => census(engine)).toEqual({ running: 2, created: 1 })
  })

  test('replaces what is started or removed by hand, and removes what has ended', async () => {
    const { engine, world } = await simulated()
    const pool = await engine.pool({ spec, size: 3 })
    const [started, removed, ended] = engine.containers.value.map(({ id }) => engine.get(id))
    await started?.start()
    await removed?.remove()
    world.exit(ended?.id ?? '', { signal: 'SIGKILL' })
    await expect.poll(() => census(engine)).toEqual({ running: 1, created: 3 })
    expect(pool.ready).toBe(3)
    await pool.close()
    expect(census(engine)).toEqual({ running: 1 })
  })

  test('is no pool of nothing, nor of what is one container’s', async () => {
    const { engine } = await simulated()
    for (const size of [0, -1, 1.5, 10_001, Number.NaN]) {
      await expect(engine.pool({ spec, size })).rejects.toMatchObject({ code: 'EINPUT' })
    }
    for (const single of [{ name: 'web' }, { key: 'k' }, { preserveFds: [5] }]) {
      await expect(engine.pool({ spec: { ...spec, ...single }, size: 1 })).rejects.toThrow(
        /^a pool’s spec has/,
      )
    }
    await expect(engine.pool({ spec: { ...spec, stopTimeout: -1 }, size: 2 })).rejects.toMatchObject({
      code: 'EINPUT',
    })
    expect(engine.containers.value).toEqual([])
  })

  test('that cannot be filled leaves nothing', async () => {
    const { engine, faults } = await simulated()
    faults.next('create', { fails: 'no space left on device' })
    await expect(engine.pool({ spec, size: 3 })).rejects.toThrow(RuntimeError)
    expect(engine.containers.value).toEqual([])
  })
})

describe('what nobody has taken', () => {
  test('goes with the pool, and what was taken lives on', async () => {
    const { engine } = await simulated()
    const pool = await engine.pool({ spec, size: 3 })
    const [running, waiting] = [await pool.take(), await pool.take()]
    await running.start()
    await pool.close()
    expect([running.state, waiting.state]).toEqual(['running', 'created'])
    expect(census(engine)).toEqual({ running: 1, created: 1 })
    await expect(pool.take()).rejects.toMatchObject({ code: 'ECLOSED' })
    await pool.close()
  })

  test('goes while it is being made, and whoever waits for it is told', async () => {
    const { engine, faults } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    const first = await pool.take()
    faults.next('create', 'hangs')
    await first.start()
    const waiting = expect(pool.take()).rejects.toMatchObject({ code: 'ECLOSED' })
    await pool.close()
    await waiting
    await expect.poll(() => census(engine)).toEqual({ running: 1 })
  })

  test('goes with the engine', async () => {
    const { engine } = await simulated()
    const pool = await engine.pool({ spec, size: 3 })
    const taken = await pool.take()
    await engine.close()
    expect(engine.containers.value).toMatchObject([{ id: taken.id, state: 'created' }])
  })

  test('is removed by the next engine where there was no time for it, and what was taken is not', async () => {
    const { engine, world } = await simulated()
    const pool = await engine.pool({ spec, size: 5 })
    const [waiting, running] = [await pool.take(), await pool.take()]
    await running.start()
    const byHand = engine.containers.value.find(({ id, state }) => state === 'created' && id !== waiting.id)
    await engine.get(byHand?.id ?? '').start()
    const next = await world.restartEngine()
    await expect.poll(() => census(next)).toEqual({ created: 1, running: 2 })
    expect(next.get(waiting.id).state).toBe('created')
  })

  test('is still the pool’s where the store could not take note of its taking', async () => {
    const { engine, faults, clock, world } = await simulated()
    const pool = await engine.pool({ spec, size: 1 })
    faults.fillStore()
    await expect(pool.take()).rejects.toMatchObject({ code: 'ESTORE' })
    expect(pool.ready).toBe(1)
    faults.freeStore()
    await clock.advance(2_000)
    const next = await world.restartEngine()
    await expect.poll(() => census(next)).toEqual({})
  })
})
