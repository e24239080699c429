import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BackOff } from '../../../machines/index.ts'
import { EVENTS, HeldRestart, policy, running } from './held.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

const backOff = fc
  .record({
    initialMs: fc.nat({ max: 60_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    above: fc.nat({ max: 2 ** 33 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    resetAfterMs: fc.nat({ max: 2 ** 33 }),
  })
  .map(({ above, ...rest }): BackOff => ({ ...rest, capMs: rest.initialMs + above }))

/** What `random` gives, run after run. */
const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })

const always = (backoff: BackOff) => ({ name: 'always', backoff }) as const

/** The waits of a container that ends as soon as it has been started, again and again. */
function waits(backoff: BackOff, numbers: readonly number[]): number[] {
  let drawn = 0
  const chart = running({ policy: always(backoff), random: () => numbers[drawn++] ?? 0 })
  return numbers.map(() => {
    chart.exited(1)
    const { delayMs } = chart.context
    chart.started()
    return delayMs
  })
}

describe('the waits before the restarts of a container that always ends at once', () => {
  test('are never shorter than the first less all jitter, nor longer than the cap, nor than a timer', () => {
    fc.assert(
      fc.property(backOff, chances, (backoff, numbers) => {
        for (const wait of waits(backoff, numbers)) {
          expect(wait).toBeGreaterThanOrEqual(backoff.initialMs * (1 - backoff.jitter))
          expect(wait).toBeLessThanOrEqual(Math.min(backoff.capMs, LONGEST_TIMER_MS))
          expect(Number.isInteger(wait)).toBe(true)
        }
      }),
    )
  })

  test('without jitter begin with the first, never get shorter, and come to the cap', () => {
    fc.assert(
      fc.property(backOff, chances, (settings, numbers) => {
        const found = waits({ ...settings, jitter: 0 }, numbers)
        expect(found[0]).toBe(settings.initialMs)
        expect(found).toEqual(found.toSorted((a, b) => a - b))
      }),
    )
    const found = waits(
      { initialMs: 100, factor: 2, capMs: 1_000, jitter: 0, resetAfterMs: 1 },
      Array(6).fill(0),
    )
    expect(found).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  test('with jitter are shorter by as much as chance says', () => {
    const settings = { initialMs: 1_000, factor: 2, capMs: 4_000, jitter: 0.5, resetAfterMs: 1 }
    expect(waits(settings, [0, 0.5, 1, 0])).toEqual([1_000, 1_500, 2_000, 4_000])
  })

  test('are timers that a restart begins at the end of', () => {
    fc.assert(
      fc.property(backOff, chances, (backoff, [number = 0]) => {
        const chart = running({ policy: always(backoff), random: () => number }).exited(1)
        const { delayMs } = chart.context
        if (delayMs > 0) expect(chart.after(delayMs - 1).state).toBe('backing-off')
        expect(chart.after(1).state).toBe('restarting')
      }),
    )
  })

  test('stay at 0 where the first is 0, however many there were', () => {
    const settings = { initialMs: 0, factor: 1e300, capMs: 1_000, jitter: 0, resetAfterMs: 1 }
    expect(waits(settings, Array(5).fill(0))).toEqual([0, 0, 0, 0, 0])
  })

  test('stay at the cap when they have grown beyond all numbers', () => {
    const settings = {
      initialMs: 1,
      factor: 1e300,
      capMs: Number.POSITIVE_INFINITY,
      jitter: 1,
      resetAfterMs: 1,
    }
    expect(waits(settings, [0, 0, 0, 1])).toEqual([1, LONGEST_TIMER_MS, LONGEST_TIMER_MS, 0])
  })
})

describe('a run that has lasted', () => {
  test('makes the next wait the first one again', () => {
    fc.assert(
      fc.property(backOff, fc.integer({ min: 1, max: 20 }), (backoff, crashes) => {
        const chart = running({ policy: always(backoff), random: () => 0.5 })
        const next = (): number => {
          const { delayMs } = chart.exited(1).context
          chart.started()
          return delayMs
        }
        const first = next()
        for (let crash = 1; crash < crashes; crash += 1) next()
        chart.after(Math.min(backoff.resetAfterMs, LONGEST_TIMER_MS))
        expect([chart.state, next()]).toEqual(['steady', first])
      }),
    )
  })

  test('is one that came to the end of its time', () => {
    const settings = { initialMs: 100, factor: 2, capMs: 1_000, jitter: 0, resetAfterMs: 10_000 }
    const chart = running({ policy: always(settings) })
      .exited(1)
      .started()
      .after(9_999)
    expect(chart.exited(1).context.delayMs).toBe(200)
  })

  test('is the newest run, where the end of the one before was not told', () => {
    const chart = running({ policy: policy('always') })
      .after(9_999)
      .started()
      .after(9_999)
    expect(chart.state).toBe('running')
    expect(chart.after(1).state).toBe('steady')
  })

  test('is one run: the time of the run before is not added', () => {
    const settings = { initialMs: 100, factor: 2, capMs: 1_000, jitter: 0, resetAfterMs: 10_000 }
    const chart = running({ policy: always(settings) })
      .after(9_999)
      .exited(1)
      .started()
      .after(9_999)
    expect(chart.exited(1).context.delayMs).toBe(200)
  })
})

describe('whatever happens, in whatever order', () => {
  type Step = (chart: HeldRestart) => unknown
  const sent = fc.constantFrom(...Object.values(EVENTS)).map(
    ({ of }): Step =>
      (chart) =>
        chart.actor.getSnapshot().status === 'active' && chart.send(of(chart)),
  )
  const ofItself = fc.constantFrom<Step>(
    (chart) => chart.after(100_000),
    (chart) => chart.calls.isOpen('restartContainer') && chart.restarted(),
    (chart) => chart.calls.isOpen('restartContainer') && chart.restartFailed(),
  )
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: sent }, { weight: 1, arbitrary: ofItself }), {
    maxLength: 60,
  })
  const policies = fc.constantFrom(
    policy('no'),
    policy('on-failure', 2),
    policy('always'),
    policy('unless-stopped'),
  )

  test('nothing is restarted that the user wants stopped, nor more often than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(policies, steps, async (chosen, taken) => {
        const chart = new HeldRestart({ policy: chosen })
        let wantsItStopped = false
        for (const step of taken) {
          await step(chart)
          const { state, context } = chart
          expect(chart.actor.getSnapshot().status).not.toBe('error')
          if (state === 'stopped-by-user') wantsItStopped = true
          else if (state !== 'removed' && wantsItStopped) {
            // Only the user's own start leads out of it.
            expect([state, context.restarts]).toEqual(['starting', 0])
            wantsItStopped = false
          }
          expect(chart.calls.isOpen('restartContainer')).toBe(state === 'restarting')
          expect(context.restarts).toBeLessThanOrEqual(limitOf(chosen))
        }
      }),
      { numRuns: 300 },
    )
  })
})

function limitOf({ name, maxRetries }: ReturnType<typeof policy>): number {
  if (name === 'no') return 0
  return maxRetries ?? Number.POSITIVE_INFINITY
}
