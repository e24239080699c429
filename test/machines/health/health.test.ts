import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, SimulatedClock } from 'xstate'
import {
  DEFAULT_HEALTH_CHECK,
  healthMachine,
  KEPT_PROBE_OUTPUT,
  KEPT_PROBE_RESULTS,
  type KnownHealth,
} from '../../../machines/index.ts'
import { CHECK, FAILED, HeldHealth, INTO, PASSED } from './held.ts'

const PAUSED = { type: 'container.paused' } as const
const RESUMED = { type: 'container.resumed' } as const
const EXITED = { type: 'container.exited', generation: 2 } as const
const A_DAY = 24 * 60 * 60_000

const into = async (state: string): Promise<HeldHealth> => {
  const chart = await INTO[state]?.()
  if (chart === undefined) throw new Error(`no way into ${state}`)
  return chart
}

describe('probes', () => {
  test('are told the container and its run', () => {
    const chart = new HeldHealth().afterInterval()
    expect(chart.calls.open('probe').input).toEqual({ id: 'c1', generation: 2 })
  })

  test('come an interval after the start, and an interval after the end of the last one', async () => {
    const chart = new HeldHealth()
    expect(chart.after(CHECK.intervalMs - 1).isProbing).toBe(false)
    expect(chart.after(1).isProbing).toBe(true)
    await chart.after(1_500).passes()
    expect(chart.after(CHECK.intervalMs - 1).isProbing).toBe(false)
    expect(chart.after(1).isProbing).toBe(true)
  })

  test('that take too long are stopped, and have failed', () => {
    const chart = new HeldHealth().afterInterval()
    const { signal } = chart.calls.open('probe')
    expect([chart.after(CHECK.timeoutMs - 1).state, signal.aborted]).toEqual(['starting.probing', false])
    expect([chart.after(1).state, signal.aborted]).toEqual(['starting.waiting', true])
    expect(chart.context.results).toEqual([
      { exitCode: -1, output: '', durationMs: CHECK.timeoutMs, timedOut: true },
    ])
    expect(chart.context.failingStreak).toBe(1)
  })

  test('that cannot be run have failed, and say why', async () => {
    const chart = new HeldHealth().afterInterval()
    await chart.calls.failed('probe', new Error('no such program'))
    expect(chart.context.results).toEqual([
      { exitCode: -1, output: 'no such program', durationMs: undefined, timedOut: false },
    ])
  })

  const none = { exitCode: -1, durationMs: undefined, timedOut: false }
  test.each<[string, (chart: HeldHealth) => unknown, object]>([
    ['fails', (chart) => chart.calls.done('probe', FAILED), { ...FAILED, timedOut: false }],
    ['says why', (chart) => chart.calls.failed('probe', new Error('no')), { ...none, output: 'no' }],
    ['throws a word', (chart) => chart.calls.failed('probe', 'no'), { ...none, output: 'no' }],
    [
      'takes too long',
      (chart) => chart.after(CHECK.timeoutMs),
      { exitCode: -1, output: '', durationMs: CHECK.timeoutMs, timedOut: true },
    ],
  ])('have their results kept, and count up to the last retry: one that %s', async (_, ends, result) => {
    for (let before = 0; before < CHECK.retries; before += 1) {
      const chart = (await new HeldHealth().fails(before)).afterInterval()
      await ends(chart)
      const isLast = before + 1 === CHECK.retries
      expect(chart.state).toBe(isLast ? 'unhealthy.waiting' : 'starting.waiting')
      expect(chart.context.results.at(-1)).toEqual(result)
      expect([chart.context.results.length, chart.context.failingStreak]).toEqual([before + 1, before + 1])
    }
  })

  test('that pass are kept, and end the streak of those that failed', async () => {
    const chart = await (await new HeldHealth().fails(2)).passes()
    expect(chart.context.results.at(-1)).toEqual({ ...PASSED, timedOut: false })
    expect(chart.context.failingStreak).toBe(0)
  })

  test('cannot be run where nobody has provided them', async () => {
    const clock = new SimulatedClock()
    const input = { id: 'c1', generation: 1, check: CHECK }
    const actor = createActor(healthMachine, { input, clock }).start()
    clock.increment(CHECK.intervalMs)
    await expect.poll(() => actor.getSnapshot().context.results).toMatchObject([{ exitCode: -1 }])
  })
})

describe('a container', () => {
  test('is healthy with the first probe that passes', async () => {
    const chart = await (await new HeldHealth().fails(2)).passes()
    expect([chart.state, chart.context.failingStreak]).toEqual(['healthy.waiting', 0])
  })

  test('is unhealthy when as many probes in a row have failed as may, however they failed', async () => {
    const chart = (await into('healthy.probing')).after(CHECK.timeoutMs).afterInterval()
    await chart.calls.failed('probe')
    expect(chart.state).toBe('healthy.waiting')
    await chart.fails()
    expect(chart.state).toBe('unhealthy.waiting')
  })

  test('is not unhealthy when a probe between them has passed', async () => {
    const chart = await into('healthy.waiting')
    await chart.fails(2)
    await chart.passes()
    expect((await chart.fails(2)).state).toBe('healthy.waiting')
  })

  test('is healthy again with the next probe that passes', async () => {
    const chart = await (await into('unhealthy.waiting')).fails(4)
    expect(chart.context.failingStreak).toBe(7)
    expect((await chart.passes()).state).toBe('healthy.waiting')
  })

  test('whose run is over is asked no more', async () => {
    const chart = await into('healthy.probing')
    const { signal } = chart.calls.open('probe')
    chart.send(EXITED)
    expect([chart.actor.getSnapshot().status, signal.aborted]).toEqual(['done', true])
    expect(chart.after(A_DAY).state).toBe('ended')
  })
})

describe('the start period', () => {
  const check = { startPeriodMs: 60_000, retries: 1 }

  test('is a time in which probes that fail do not count, but are kept', async () => {
    const chart = await new HeldHealth(check).fails(5)
    expect([chart.state, chart.context.failingStreak]).toEqual(['starting.waiting', 0])
    expect(chart.context.results).toHaveLength(5)
  })

  test('ends with its time', async () => {
    const chart = await new HeldHealth({ ...check, startPeriodMs: 5.5 * CHECK.intervalMs }).fails(5)
    expect(chart.state).toBe('starting.waiting')
    expect((await chart.fails()).state).toBe('unhealthy.waiting')
  })

  test('is that of the probe’s beginning, not of its end', async () => {
    const chart = new HeldHealth({ ...check, startPeriodMs: CHECK.intervalMs + 1 }).afterInterval().after(500)
    expect(chart.isProbing).toBe(true)
    expect((await chart.fails()).context.failingStreak).toBe(0)
    expect((await chart.fails()).state).toBe('unhealthy.waiting')
  })

  test('ends at once with the first probe that passes', async () => {
    const chart = await new HeldHealth(check).passes()
    expect(chart.state).toBe('healthy.waiting')
    expect((await chart.fails()).state).toBe('unhealthy.waiting')
  })
})

describe('a container that is paused', () => {
  test.each(['starting', 'healthy', 'unhealthy'])('is not asked while it is %s', async (health) => {
    const chart = (await into(`${health}.waiting`)).send(PAUSED)
    expect(chart.after(A_DAY).state).toBe(`${health}.suspended`)
  })

  test('has its probe stopped, which says nothing of its health', async () => {
    const chart = await into('healthy.probing')
    const { signal } = chart.calls.open('probe')
    const { results } = chart.context
    chart.send(PAUSED)
    expect(signal.aborted).toBe(true)
    expect(chart.context).toMatchObject({ results, failingStreak: 0 })
  })

  test('is asked an interval after it goes on', async () => {
    const chart = (await into('healthy.waiting'))
      .after(CHECK.intervalMs - 1)
      .send(PAUSED)
      .send(RESUMED)
    expect(chart.after(CHECK.intervalMs - 1).isProbing).toBe(false)
    expect(chart.after(1).isProbing).toBe(true)
  })

  test('has not forgotten the probes that failed before', async () => {
    const chart = (await (await into('healthy.waiting')).fails(2)).send(PAUSED).send(RESUMED)
    expect((await chart.fails()).state).toBe('unhealthy.waiting')
  })
})

describe('what is kept of the results', () => {
  test('is the last ones, the newest last', async () => {
    const chart = await new HeldHealth({ retries: 100 }).fails(KEPT_PROBE_RESULTS + 3)
    await chart.passes()
    const kept = chart.context.results.map(({ exitCode }) => exitCode)
    expect(kept).toEqual([...Array(KEPT_PROBE_RESULTS - 1).fill(FAILED.exitCode), PASSED.exitCode])
  })

  test('is the beginning of what a probe has printed', async () => {
    const chart = new HeldHealth().afterInterval()
    await chart.calls.done('probe', { ...FAILED, output: `${'a'.repeat(KEPT_PROBE_OUTPUT)}b` })
    expect(chart.context.results[0]?.output).toBe('a'.repeat(KEPT_PROBE_OUTPUT))
  })
})

describe('what is left out', () => {
  test('is docker’s', () => {
    const input = { id: 'c1', generation: 1, check: { intervalMs: undefined } }
    const { check } = createActor(healthMachine, { input }).getSnapshot().context
    expect(check).toEqual(DEFAULT_HEALTH_CHECK)
    expect(check).toEqual({ intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3 })
  })
})

describe('times that are longer than a timer can be', () => {
  const longest = 2 ** 31 - 1
  const check = { intervalMs: 2 ** 40, timeoutMs: 2 ** 40, startPeriodMs: 2 ** 40 }

  test('are as long as one can be', () => {
    const chart = new HeldHealth(check).after(longest - 1)
    expect([chart.state, chart.context.inStartPeriod]).toEqual(['starting.waiting', true])
    expect([chart.after(1).state, chart.context.inStartPeriod]).toEqual(['starting.probing', false])
    expect(chart.after(longest - 1).state).toBe('starting.probing')
    expect(chart.after(1).state).toBe('starting.waiting')
  })
})

describe('an engine that opens', () => {
  const known = (state: KnownHealth['state']): KnownHealth => ({ state, failingStreak: 2, results: [] })

  test.each(['starting', 'healthy', 'unhealthy'] as const)('goes on with what is %s', (state) => {
    expect(new HeldHealth({}, known(state)).state).toBe(`${state}.waiting`)
  })

  test('keeps the results that there were', async () => {
    const results = [{ ...FAILED, timedOut: false }]
    const chart = await new HeldHealth({}, { ...known('healthy'), results }).passes()
    expect(chart.context.results).toEqual([...results, { ...PASSED, timedOut: false }])
  })

  test('goes on counting', async () => {
    expect((await new HeldHealth({}, known('healthy')).fails()).state).toBe('unhealthy.waiting')
  })

  test.each(['healthy', 'unhealthy'] as const)('gives what is %s no other start period', async (state) => {
    const chart = await new HeldHealth({ startPeriodMs: A_DAY }, known(state)).fails()
    expect(chart.context.failingStreak).toBe(3)
  })

  test('lets what is starting have what is left of it', async () => {
    const chart = await new HeldHealth({ startPeriodMs: A_DAY }, known('starting')).fails()
    expect(chart.context.failingStreak).toBe(2)
  })
})

/** What the documentation of docker says, in the fewest words. */
function expected(outcomes: readonly boolean[], retries: number): string {
  let [health, streak] = ['starting', 0]
  for (const passes of outcomes) {
    streak = passes ? 0 : streak + 1
    if (passes) health = 'healthy'
    else if (streak >= retries) health = 'unhealthy'
  }
  return health
}

test('whatever the probes give, health is what the last of them say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (outcomes, retries) => {
        const chart = new HeldHealth({ retries })
        for (const passes of outcomes) await (passes ? chart.passes() : chart.fails())
        expect(chart.state).toBe(`${expected(outcomes, retries)}.waiting`)
      },
    ),
  )
})
