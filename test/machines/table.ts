import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { nameOf, stateNodes } from './walk.ts'

/** One cell: what an event does in a state. A state, `=` for taken without leaving, `-` for refused. */
interface Cell {
  state: string
  event: string
  outcome: string
}

/** A table of a chart's cells: a header of events, and a row for each state. */
interface Table {
  states: string[]
  events: string[]
  cells: Cell[]
}

export function readTable(text: string): Table {
  const [header = '', ...lines] = text.trim().split('\n')
  const [, ...events] = split(header)
  const rows = lines.map(split)
  return {
    states: rows.map(([state = '']) => state),
    events,
    cells: rows.flatMap(([state = '', ...outcomes]) =>
      events.map((event, column) => ({ state, event, outcome: outcomes[column] ?? '' })),
    ),
  }
}

const split = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The leaf states that a chart does not leave by itself at once. */
export function restingStates(machine: AnyStateMachine): string[] {
  const isLeaf = (node: AnyStateNode): boolean => Object.keys(node.states).length === 0
  const rests = (node: AnyStateNode): boolean => (node.always ?? []).every(({ guard }) => guard !== undefined)
  return stateNodes(machine)
    .filter((node) => isLeaf(node) && rests(node))
    .map(nameOf)
}
