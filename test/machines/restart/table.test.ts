import { describe, expect, test } from 'vitest'
import { RESTART_STATES, restartMachine } from '../../../machines/index.ts'
import { readTable, restingStates } from '../table.ts'
import { EVENTS, type HeldRestart, INTO } from './held.ts'

/**
 * Where each event takes each state under on-failure:3: a state, `=` for taken without leaving, `-` for refused. An
 * exit is of the run that lives, or of the one that is awaited; a late one of the run before.
 */
const TABLE = readTable(`
|                 | start    | stop            | started | started, again | exit 0 | exit 1      | exit by stop    | exit by checkpoint | late exit | removed |
| idle            | starting | stopped-by-user | running | -              | =      | =           | =               | =                  | -         | removed |
| starting        | -        | stopped-by-user | running | -              | idle   | backing-off | stopped-by-user | idle               | -         | removed |
| running         | -        | stopped-by-user | running | -              | idle   | backing-off | stopped-by-user | idle               | -         | removed |
| steady          | -        | stopped-by-user | running | -              | idle   | backing-off | stopped-by-user | idle               | -         | removed |
| backing-off     | starting | stopped-by-user | running | -              | =      | =           | =               | =                  | -         | removed |
| restarting      | starting | stopped-by-user | running | -              | idle   | backing-off | stopped-by-user | idle               | -         | removed |
| given-up        | starting | stopped-by-user | running | -              | =      | =           | =               | =                  | -         | removed |
| stopped-by-user | starting | stopped-by-user | =       | -              | =      | =           | =               | =                  | -         | removed |
| removed         | -        | -               | -       | -              | -      | -           | -               | -                  | -         | -       |
`)

/** What happens without an event from outside; `-` where nothing can. */
const BY_ITSELF = readTable(`
|                 | time passes | restart succeeds | restart fails |
| idle            | -           | -                | -             |
| starting        | -           | -                | -             |
| running         | steady      | -                | -             |
| steady          | -           | -                | -             |
| backing-off     | restarting  | -                | -             |
| restarting      | -           | running          | backing-off   |
| given-up        | -           | -                | -             |
| stopped-by-user | -           | -                | -             |
| removed         | -           | -                | -             |
`)

const HAPPENINGS: Record<string, (chart: HeldRestart) => Promise<unknown> | unknown> = {
  'time passes': (chart) => chart.after(60 * 60_000),
  'restart succeeds': (chart) => chart.calls.isOpen('restartContainer') && chart.restarted(),
  'restart fails': (chart) => chart.calls.isOpen('restartContainer') && chart.restartFailed(),
}

const into = (state: string): HeldRestart => {
  const chart = INTO[state]?.()
  expect(chart?.state).toBe(state)
  return chart as HeldRestart
}

describe('the tables', () => {
  test('have a row for each state in which the chart can rest', () => {
    expect([...TABLE.states].sort()).toEqual(restingStates(restartMachine).sort())
    expect(BY_ITSELF.states).toEqual(TABLE.states)
  })

  test('have a column for each event of the chart', () => {
    const types = new Set(Object.values(EVENTS).map(({ of }) => of(into('idle')).type))
    const known = restartMachine.events.filter((type) => !type.startsWith('xstate.'))
    expect([...types].sort()).toEqual([...known].sort())
    expect(TABLE.events).toEqual(Object.keys(EVENTS))
    expect(BY_ITSELF.events).toEqual(Object.keys(HAPPENINGS))
  })
})

test('the states that are kept are those in which the chart can rest, but the last', () => {
  expect([...RESTART_STATES, 'removed']).toEqual(TABLE.states)
})

test.each(TABLE.cells)('$state, $event: $outcome', ({ state, event, outcome }) => {
  const chart = into(state)
  const sent = EVENTS[event as keyof typeof EVENTS].of(chart)
  const snapshot = chart.actor.getSnapshot()
  if (snapshot.status === 'active') chart.send(sent)

  expect(snapshot.status === 'active' && snapshot.can(sent)).toBe(outcome !== '-')
  expect(chart.state).toBe(outcome === '-' || outcome === '=' ? state : outcome)
})

test.each(BY_ITSELF.cells)('$state, $event: $outcome', async ({ state, event, outcome }) => {
  const chart = into(state)
  const before = chart.actor.getSnapshot()
  await HAPPENINGS[event]?.(chart)

  expect(chart.state).toBe(outcome === '-' ? state : outcome)
  expect(chart.actor.getSnapshot() === before).toBe(outcome === '-')
})
