import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { restingStates } from '../../machines/table.ts'
import { nameOf, stateNodes } from '../../machines/walk.ts'

/** The transitions of one state node, in the order in which the chart tries them. */
const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

export const isLeaf = (node: AnyStateNode): boolean => Object.keys(node.states).length === 0

/** Every transition of every state node of a chart, alternatives of one event counted each. */
export const edgesOf = (machine: AnyStateMachine): string[] =>
  stateNodes(machine).flatMap(transitionsOf).map(edgeName)

/** A transition as a reader of the chart would find it: `stopping: stop (1 of 2) → stopping.killing`. */
export function edgeName(transition: AnyTransitionDefinition): string {
  const { source, target } = transition
  const alternatives = transitionsOf(source).filter(({ eventType }) => eventType === transition.eventType)
  const which = `${alternatives.indexOf(transition) + 1} of ${alternatives.length}`
  return `${placeOf(source)}: ${eventOf(transition)}${alternatives.length === 1 ? '' : ` (${which})`} → ${
    target?.map(nameOf).join(' ') ?? '='
  }`
}

/** A state that the chart rests in, and an event that its own or an outer state's transition is for. */
export const cellName = (leaf: AnyStateNode, transition: AnyTransitionDefinition): string =>
  `${nameOf(leaf)} × ${eventOf(transition)}`

/** Every pair of a state in which the chart rests and an event that it, or a state around it, has a transition for. */
export function cellsOf(machine: AnyStateMachine): string[] {
  const rests = restingStates(machine)
  const leaves = stateNodes(machine).filter((node) => rests.includes(nameOf(node)) && node.type !== 'final')
  return [...new Set(leaves.flatMap((leaf) => around(leaf).flatMap(cellsIn(leaf))))]
}

const cellsIn = (leaf: AnyStateNode) => (node: AnyStateNode) =>
  transitionsOf(node)
    .filter(({ eventType }) => eventType !== '')
    .map((transition) => cellName(leaf, transition))

const around = (node: AnyStateNode): AnyStateNode[] =>
  node.parent === undefined ? [node] : [node, ...around(node.parent)]

const placeOf = (node: AnyStateNode): string => nameOf(node) || `(${node.id})`

/** `done`, `error` and `after X` of a state's own effects and timers, other events by their name. */
function eventOf({ eventType, source }: AnyTransitionDefinition): string {
  if (eventType === '') return 'always'
  return eventType
    .replace(/^xstate\.(done|error)\.actor\.\d+\..*/, '$1')
    .replace(/^xstate\.after\.(.*)/, 'after $1')
    .replace(`.${source.id}`, '')
}
