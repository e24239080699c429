import { expect, test } from 'vitest'
import { containerMachine } from '../../machines/index.ts'
import { EVENTS, INTO } from './held.ts'
import { nameOf, stateNodes } from './walk.ts'

/** Where each event takes each state: a state, `=` for taken without leaving, `-` for refused. */
const TABLE = `
|                       | create   | start    | stop                | stop 0           | kill | pause   | resume   | checkpoint            | restore   | cleanup  | remove           | remove -f        | refresh            | exit              | late exit | monitor lost       | late loss | lost, kept |
| configured            | creating | creating | -                   | -                | -    | -       | -        | -                     | restoring | -        | removing         | removing         | -                  | -                 | -         | -                  | -         | -          |
| creating              | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | =                 | -         | -                  | -         | -          |
| created               | -        | starting | stopping.killing    | stopping.killing | =    | -       | -        | -                     | -         | -        | stopping.killing | stopping.killing | reconciling.asking | stopped.recording | -         | reconciling.asking | -         | =          |
| starting              | -        | -        | =                   | =                | =    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| running               | -        | -        | stopping.signalling | stopping.killing | =    | pausing | -        | checkpointing.dumping | -         | -        | -                | stopping.killing | reconciling.asking | stopped.recording | -         | reconciling.asking | -         | =          |
| pausing               | -        | -        | =                   | =                | =    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| paused                | -        | -        | stopping.thawing    | stopping.killing | =    | -       | resuming | -                     | -         | -        | -                | stopping.killing | reconciling.asking | stopped.recording | -         | reconciling.asking | -         | =          |
| resuming              | -        | -        | =                   | =                | =    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| stopping.thawing      | -        | -        | =                   | stopping.killing | =    | -       | -        | -                     | -         | -        | -                | stopping.killing | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| stopping.signalling   | -        | -        | =                   | stopping.killing | =    | -       | -        | -                     | -         | -        | -                | stopping.killing | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| stopping.killing      | -        | -        | =                   | =                | =    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| checkpointing.dumping | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | =                 | -         | reconciling.asking | -         | =          |
| checkpointing.ending  | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | reconciling.asking | -         | =          |
| restoring             | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | =                 | -         | -                  | -         | -          |
| stopped.recording     | -        | =        | =                   | =                | -    | -       | -        | -                     | -         | -        | =                | =                | -                  | =                 | -         | =                  | -         | =          |
| stopped.held          | -        | cleaning | =                   | =                | -    | -       | -        | -                     | -         | cleaning | cleaning         | cleaning         | -                  | =                 | -         | =                  | -         | =          |
| cleaning              | -        | =        | =                   | =                | -    | -       | -        | -                     | -         | -        | =                | =                | -                  | =                 | -         | =                  | -         | =          |
| exited                | creating | creating | =                   | =                | -    | -       | -        | -                     | restoring | -        | removing         | removing         | -                  | -                 | -         | -                  | -         | -          |
| removing              | -        | -        | -                   | -                | -    | -       | -        | -                     | -         | -        | =                | =                | -                  | -                 | -         | -                  | -         | -          |
| removed               | -        | -        | -                   | -                | -    | -       | -        | -                     | -         | -        | -                | -                | -                  | -                 | -         | -                  | -         | -          |
| reconciling.asking    | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | -                  | -         | -          |
| reconciling.waiting   | -        | -        | =                   | =                | -    | -       | -        | -                     | -         | -        | -                | =                | -                  | stopped.recording | -         | -                  | -         | -          |
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
  const leaves = stateNodes(containerMachine).filter((node) => Object.keys(node.states).length === 0)
  expect(rows.map(({ state }) => state).sort()).toEqual(leaves.map(nameOf).sort())
})

test('the table has a column for each event of the chart', () => {
  const types = new Set(Object.values(EVENTS).map((event) => event(1).type))
  const known = containerMachine.events.filter((type) => !type.startsWith('xstate.'))
  expect([...types].sort()).toEqual([...known].sort())
  expect(columns).toEqual(Object.keys(EVENTS))
})

test.each(pairs)('$state, $event: $outcome', async ({ state, event, outcome }) => {
  const container = await INTO[state]?.()
  if (container === undefined) throw new Error(`no way into ${state}`)
  expect(container.state).toBe(state)
  const sent = EVENTS[event]?.(container.context.generation)
  if (sent === undefined) throw new Error(`no event ${event}`)

  const taken = container.actor.getSnapshot().can(sent)
  if (container.actor.getSnapshot().status === 'active') container.actor.send(sent)

  expect(taken).toBe(outcome !== '-')
  expect(container.state).toBe(outcome === '-' || outcome === '=' ? state : outcome)
})
