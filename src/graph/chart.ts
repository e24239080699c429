/** A statechart as plain data, for those who draw it. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/**
 * What sets a transition off.
 * - `event`: an event of the chart's own
 * - `done`, `error`: the end of what the state invokes
 * - `after`: a delay
 * - `always`: nothing; it is taken as soon as its guard lets it
 */
export type Trigger =
  | { kind: 'event'; name: string }
  | { kind: 'done' | 'error'; invoke: string; effect: string }
  | { kind: 'after'; delay: string }
  | { kind: 'always' }

export interface ChartTransition {
  trigger: Trigger
  /** The guard's name. */
  guard: string | undefined
  /** The names of its actions; those without a name are left out. */
  actions: string[]
  /** The path of the state that it leads to; undefined where it leads nowhere. */
  target: string | undefined
  /** Whether it leaves its own state on the way to a state inside it. */
  reenter: boolean
}

export interface ChartState {
  /** Its keys from the root on, with dots between: `stopping.killing`; empty for the root. */
  path: string
  key: string
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** What it means, in a sentence. */
  description: string | undefined
  tags: string[]
  /** The path of the state inside it that it begins in. */
  initial: string | undefined
  entry: string[]
  exit: string[]
  invokes: { id: string; effect: string }[]
  /** In the order in which they are tried. */
  transitions: ChartTransition[]
  states: ChartState[]
}

/** Everything of a chart that can be drawn. Its root is a state like the others, with the chart's id as its key. */
export function chartOf(machine: AnyStateMachine): ChartState {
  return stateOf(machine.root)
}

/** A state and all that are inside it, from the outside in. */
export function statesOf(state: ChartState): ChartState[] {
  return [state, ...state.states.flatMap(statesOf)]
}

function stateOf(node: AnyStateNode): ChartState {
  const [initial] = node.initial.target ?? []
  const always = (node.always ?? []).map((definition) => transitionOf({ kind: 'always' }, definition))
  const others = [...node.transitions].flatMap(([descriptor, definitions]) =>
    definitions.map((definition) => transitionOf(triggerOf(node, descriptor), definition)),
  )
  return {
    path: pathOf(node),
    key: node.key,
    type: node.type,
    description: node.meta?.description,
    tags: [...node.tags],
    initial: node.type === 'compound' && initial !== undefined ? pathOf(initial) : undefined,
    entry: namesOf(node.entry),
    exit: namesOf(node.exit).filter((name) => !name.startsWith('xstate.')),
    invokes: node.invoke.map(({ id, src }) => ({ id, effect: String(src) })),
    transitions: [...always, ...others],
    states: Object.values(node.states).map(stateOf),
  }
}

function transitionOf(trigger: Trigger, definition: AnyTransitionDefinition): ChartTransition {
  const [target] = definition.target ?? []
  return {
    trigger,
    guard: definition.guard === undefined ? undefined : namesOf([definition.guard])[0],
    actions: namesOf(definition.actions),
    target: target === undefined ? undefined : pathOf(target),
    reenter: definition.reenter,
  }
}

/** XState makes an event of everything. */
function triggerOf(node: AnyStateNode, descriptor: string): Trigger {
  for (const { id, src } of node.invoke) {
    const effect = { invoke: id, effect: String(src) }
    if (descriptor === `xstate.done.actor.${id}`) return { kind: 'done', ...effect }
    if (descriptor === `xstate.error.actor.${id}`) return { kind: 'error', ...effect }
  }
  const delayed = node.after.find(({ eventType }) => eventType === descriptor)
  return delayed === undefined
    ? { kind: 'event', name: descriptor }
    : { kind: 'after', delay: String(delayed.delay) }
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.')
}

type Part = string | { type: string } | ((...args: never[]) => unknown)

/** The names among actions or guards; XState's own, such as assign, are functions or begin with its name. */
function namesOf(parts: readonly unknown[]): string[] {
  return (parts as readonly Part[]).flatMap((part) => {
    if (typeof part === 'function') return []
    return typeof part === 'string' ? [part] : [part.type]
  })
}
