import { describe, expect, test } from 'vitest'
import { HEALTH_STATES, healthMachine } from '../../../machines/index.ts'
import { readTable, restingStates } from '../table.ts'
import { CHECK, EVENTS, FAILED, type HeldHealth, INTO, PASSED } from './held.ts'

/** Where each event takes each state: a state, or `-` for refused. */
const TABLE = readTable(`
|                     | paused              | resumed           | exited | late exit |
| starting.waiting    | starting.suspended  | -                 | ended  | -         |
| starting.probing    | starting.suspended  | -                 | ended  | -         |
| starting.suspended  | -                   | starting.waiting  | ended  | -         |
| healthy.waiting     | healthy.suspended   | -                 | ended  | -         |
| healthy.probing     | healthy.suspended   | -                 | ended  | -         |
| healthy.suspended   | -                   | healthy.waiting   | ended  | -         |
| unhealthy.waiting   | unhealthy.suspended | -                 | ended  | -         |
| unhealthy.probing   | unhealthy.suspended | -                 | ended  | -         |
| unhealthy.suspended | -                   | unhealthy.waiting | ended  | -         |
| ended               | -                   | -                 | -      | -         |
`)

/**
 * What happens without an event from outside; `-` where nothing can. `fails` is a first failure in a row,
 * `fails again` the last that retries allow.
 */
const BY_ITSELF = readTable(`
|                     | interval          | passes          | fails             | fails again       | cannot be run     | times out         | times out again   |
| starting.waiting    | starting.probing  | -               | -                 | -                 | -                 | -                 | -                 |
| starting.probing    | -                 | healthy.waiting | starting.waiting  | unhealthy.waiting | starting.waiting  | starting.waiting  | unhealthy.waiting |
| starting.suspended  | -                 | -               | -                 | -                 | -                 | -                 | -                 |
| healthy.waiting     | healthy.probing   | -               | -                 | -                 | -                 | -                 | -                 |
| healthy.probing     | -                 | healthy.waiting | healthy.waiting   | unhealthy.waiting | healthy.waiting   | healthy.waiting   | unhealthy.waiting |
| healthy.suspended   | -                 | -               | -                 | -                 | -                 | -                 | -                 |
| unhealthy.waiting   | unhealthy.probing | -               | -                 | -                 | -                 | -                 | -                 |
| unhealthy.probing   | -                 | healthy.waiting | unhealthy.waiting | unhealthy.waiting | unhealthy.waiting | unhealthy.waiting | unhealthy.waiting |
| unhealthy.suspended | -                 | -               | -                 | -                 | -                 | -                 | -                 |
| ended               | -                 | -               | -                 | -                 | -                 | -                 | -                 |
`)

/** Whatever of it can happen in the state that the chart is in. */
const HAPPENINGS: Record<string, (chart: HeldHealth) => unknown> = {
  interval: (chart) => !chart.isProbing && chart.afterInterval(),
  passes: (chart) => chart.isProbing && chart.calls.done('probe', PASSED),
  fails: (chart) => chart.isProbing && chart.calls.done('probe', FAILED),
  'fails again': async (chart) => {
    await toLastRetry(chart)
    return chart.isProbing && chart.calls.done('probe', FAILED)
  },
  'cannot be run': (chart) => chart.isProbing && chart.calls.failed('probe'),
  'times out': (chart) => chart.isProbing && chart.after(CHECK.timeoutMs),
  'times out again': async (chart) => {
    await toLastRetry(chart)
    return chart.isProbing && chart.after(CHECK.timeoutMs)
  },
}

/** Fails and probes again, until the next failure in a row is one too many. */
async function toLastRetry(chart: HeldHealth): Promise<void> {
  while (chart.isProbing && chart.context.failingStreak < CHECK.retries - 1) {
    await chart.fails()
    chart.afterInterval()
  }
}

const into = async (state: string): Promise<HeldHealth> => {
  const chart = await INTO[state]?.()
  expect(chart?.state).toBe(state)
  return chart as HeldHealth
}

describe('the tables', () => {
  test('have a row for each state in which the chart can rest', () => {
    expect([...TABLE.states].sort()).toEqual(restingStates(healthMachine).sort())
    expect(BY_ITSELF.states).toEqual(TABLE.states)
  })

  test('have a column for each event of the chart', () => {
    const types = new Set(Object.values(EVENTS).map(({ type }) => type))
    const known = healthMachine.events.filter((type) => !type.startsWith('xstate.'))
    expect([...types].sort()).toEqual([...known].sort())
    expect(TABLE.events).toEqual(Object.keys(EVENTS))
    expect(BY_ITSELF.events).toEqual(Object.keys(HAPPENINGS))
  })
})

test('the states that are told are those in which a probe may be run', () => {
  const probing = TABLE.states.filter((state) => state.endsWith('.probing'))
  expect(HEALTH_STATES.map((state) => `${state}.probing`)).toEqual(probing)
})

test.each(TABLE.cells)('$state, $event: $outcome', async ({ state, event, outcome }) => {
  const chart = await into(state)
  const snapshot = chart.actor.getSnapshot()
  const sent = EVENTS[event]
  if (sent === undefined) throw new Error(`no ${event}`)
  if (snapshot.status === 'active') chart.send(sent)

  expect(snapshot.status === 'active' && snapshot.can(sent)).toBe(outcome !== '-')
  expect(chart.state).toBe(outcome === '-' ? state : outcome)
})

test.each(BY_ITSELF.cells)('$state, $event: $outcome', async ({ state, event, outcome }) => {
  const chart = await into(state)
  const { results } = chart.context
  await HAPPENINGS[event]?.(chart)

  expect(chart.state).toBe(outcome === '-' ? state : outcome)
  if (outcome === '-') expect(chart.context.results).toBe(results)
})
