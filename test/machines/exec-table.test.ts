import { expect, test } from 'vitest'
import { execMachine } from '../../machines/index.ts'
import { EXEC_EVENTS, EXEC_INTO } from './held-exec.ts'
import { nameOf, stateNodes } from './walk.ts'

/** Where each event takes each state: a state, `=` for taken without leaving, `-` for refused. */
const TABLE = `
|                     | start    | stop                | stop 0           | kill | exit   | monitor lost |
| configured          | starting | -                   | -                | -    | -      | -            |
| starting            | -        | =                   | =                | -    | =      | -            |
| running             | -        | stopping.signalling | stopping.killing | =    | exited | abandoning   |
| stopping.signalling | -        | =                   | stopping.killing | =    | exited | abandoning   |
| stopping.killing    | -        | =                   | =                | =    | exited | abandoning   |
| reconciling         | -        | =                   | =                | -    | -      | -            |
| abandoning          | -        | =                   | =                | -    | -      | -            |
| exited              | -        | -                   | -                | -    | -      | -            |
| failed              | -        | -                   | -                | -    | -      | -            |
`

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const [header = '', ...lines] = TABLE.trim().split('\n')
const [, ...columns] = cells(header)
const rows = lines.map((line) => {
  const [state = '', ...outcomes] = cells(line)
  return { state, outcomes }
})

const pairs = rows.flatMap(({ state, outcomes }) =>
  columns.map((event, column) => ({ state, event, outcome: outcomes[column] ?? '' })),
)

test('the table has a row for each state in which the chart can rest', () => {
  const leaves = stateNodes(execMachine).filter((node) => Object.keys(node.states).length === 0)
  expect(rows.map(({ state }) => state).sort()).toEqual(leaves.map(nameOf).sort())
})

test('the table has a column for each event of the chart', () => {
  const types = new Set(Object.values(EXEC_EVENTS).map(({ type }) => type))
  const known = execMachine.events.filter((type) => !type.startsWith('xstate.'))
  expect([...types].sort()).toEqual([...known].sort())
  expect(columns).toEqual(Object.keys(EXEC_EVENTS))
})

test.each(pairs)('$state, $event: $outcome', async ({ state, event, outcome }) => {
  const session = await EXEC_INTO[state]?.()
  const sent = EXEC_EVENTS[event]
  if (session === undefined || sent === undefined) throw new Error(`no way into ${state}, or no ${event}`)
  expect(session.state).toBe(state)

  const taken = session.actor.getSnapshot().can(sent)
  if (session.actor.getSnapshot().status === 'active') session.send(sent)

  expect(taken).toBe(outcome !== '-')
  expect(session.state).toBe(outcome === '-' || outcome === '=' ? state : outcome)
})
