import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** Every state node of a chart, its root first. */
export function stateNodes(machine: AnyStateMachine): AnyStateNode[] {
  const nodes: AnyStateNode[] = []
  const visit = (node: AnyStateNode): void => {
    nodes.push(node)
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return nodes
}

/** A state's name as tests write it: `stopping.killing`. */
export const nameOf = (node: AnyStateNode): string => node.path.join('.')

type Named = { type: string } | string | ((...args: never[]) => unknown)

const nameOfPart = (part: Named): string | undefined => {
  if (typeof part === 'string') return part
  if (typeof part === 'function') return undefined
  return part.type
}

/** Everything of a chart that runs by name, and the places where XState would ignore a name it does not know. */
export function faults(machine: AnyStateMachine): string[] {
  return stateNodes(machine).flatMap((node) => [
    ...unknownParts(machine, node),
    ...namelessGuards(node),
    ...withoutOnError(node),
    ...unknownDelays(machine, node),
  ])
}

function unknownParts(machine: AnyStateMachine, node: AnyStateNode): string[] {
  const { actions, guards, actors } = machine.implementations
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? [])
  const usedActions = [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)]
  const unknown = (kind: string, used: (Named | undefined)[], known: object): string[] =>
    used
      .map((part) => (part === undefined ? undefined : nameOfPart(part)))
      .filter((name) => name !== undefined && !name.startsWith('xstate.') && !(name in known))
      .map((name) => `${nameOf(node)}: unknown ${kind} ${name}`)
  return [
    ...unknown('action', usedActions as Named[], actions),
    ...unknown('guard', transitions.map(({ guard }) => guard) as Named[], guards),
    ...unknown('actor', node.invoke.map(({ src }) => src) as Named[], actors),
  ]
}

/** A guard that is written in its place has no name that a diagram could show. */
function namelessGuards(node: AnyStateNode): string[] {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? [])
  return transitions
    .filter(({ guard }) => typeof guard === 'function')
    .map(({ eventType }) => `${nameOf(node)}: a guard without a name on ${eventType}`)
}

/** An invoke that fails without `onError` ends the process. A final state of the invoked is no such place. */
function withoutOnError(node: AnyStateNode): string[] {
  return node.invoke
    .filter(({ id }) => !handles(node, `xstate.error.actor.${id}`))
    .map(({ src }) => `${nameOf(node)}: ${String(src)} has no onError`)
}

const handles = (node: AnyStateNode, event: string): boolean => node.transitions.has(event)

/** An unknown delay fires within a millisecond: a typing error would turn a grace period into a kill. */
function unknownDelays(machine: AnyStateMachine, node: AnyStateNode): string[] {
  return node.after
    .map(({ delay }) => delay)
    .filter((delay) => typeof delay === 'string' && !(delay in machine.implementations.delays))
    .map((delay) => `${nameOf(node)}: unknown delay ${String(delay)}`)
}

/** The states that no transition leads to from the initial one. */
export function unreachable(machine: AnyStateMachine): string[] {
  const reached = new Set<AnyStateNode>()
  const enter = (node: AnyStateNode): void => {
    if (reached.has(node)) return
    reached.add(node)
    if (node.parent !== undefined) enter(node.parent)
    for (const target of node.initial?.target ?? []) enter(target)
    const transitions = [...node.transitions.values()].flat().concat(node.always ?? [])
    for (const { target } of transitions) for (const next of target ?? []) enter(next)
  }
  enter(machine.root)
  return stateNodes(machine)
    .filter((node) => !reached.has(node))
    .map(nameOf)
}
