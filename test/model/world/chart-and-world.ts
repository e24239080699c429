import {
  type ActorLogic,
  type AnyMachineSnapshot,
  type AnyStateNode,
  type EventObject,
  getInitialSnapshot,
  type Snapshot,
  transition,
} from 'xstate'
import { TestModel } from 'xstate/graph'
import { type ContainerInput, containerMachine } from '../../../machines/index.ts'
import { cellName, isLeaf } from '../paths/edges.ts'
import { labelOf } from '../paths/paths.ts'

/** What is true of the container, whatever the chart thinks. */
export interface World {
  /** What the runtime says of it; null where it knows of none. */
  runtime: 'created' | 'running' | 'paused' | 'stopped' | null
  /** Whether conmon is gone while the container is not. */
  monitorLost: boolean
}

/** The container's chart, and beside it the world that its effects would have made. */
export type State = Snapshot<unknown> & { chart: AnyMachineSnapshot; world: World }

export interface Step {
  event: EventObject
  state: State
}

const FACTS = { pid: 10, startTime: '1', bootId: 'boot' }
const EVIDENCE = { code: 137, oomKilled: false, finishedAt: '2026-01-01T00:00:00.000Z' }
const ENDED: ContainerInput = { id: 'c1', known: { state: 'exited', generation: 1 } }

/** Where the runtime is held at its verb, so that the state lasts until it is let go on. */
export const HELD_AT: Readonly<Record<string, string>> = {
  creating: 'create',
  starting: 'start',
  pausing: 'pause',
  resuming: 'resume',
  'stopping.thawing': 'resume',
  cleaning: 'delete',
}
/** Where the process is left alone until something else happens. */
const RESTING = ['created', 'running', 'paused', 'stopping.signalling', 'exited', 'removed']

/** Where the world can be looked at. */
export const LASTING = [...RESTING, ...Object.keys(HELD_AT)]

export const leafOf = ({ chart }: State): string => leafNodeOf(chart).path.join('.')

const leafNodeOf = ({ _nodes }: AnyMachineSnapshot): AnyStateNode =>
  (_nodes as AnyStateNode[]).find(isLeaf) as AnyStateNode

/** What an effect that is done, or an observation, makes of the world. */
function worldAfter({ chart, world }: State, { type }: EventObject): World {
  const done = type.startsWith('xstate.done.actor.')
  const leaf = leafNodeOf(chart).path.join('.')
  if (type === 'exit.observed') return { runtime: 'stopped', monitorLost: false }
  if (type === 'monitor.lost') return { ...world, monitorLost: true }
  if (!done) return world
  if (leaf === 'creating') return { ...world, runtime: 'created' }
  if (['starting', 'resuming', 'stopping.thawing'].includes(leaf)) return { ...world, runtime: 'running' }
  if (leaf === 'pausing') return { ...world, runtime: 'paused' }
  if (leaf === 'cleaning') return { runtime: null, monitorLost: false }
  return leaf === 'reconciling.asking' && world.monitorLost
    ? { runtime: 'stopped', monitorLost: false }
    : world
}

const logic: ActorLogic<State, EventObject, ContainerInput> = {
  getInitialSnapshot: (_, input) => ({
    ...{ status: 'active', output: undefined, error: undefined },
    chart: getInitialSnapshot(containerMachine, input) as AnyMachineSnapshot,
    world: { runtime: null, monitorLost: false },
  }),
  transition: (state, event) => {
    const [chart] = transition(containerMachine, state.chart as never, event as never)
    return {
      ...state,
      status: chart.status,
      chart: chart as AnyMachineSnapshot,
      world: worldAfter(state, event),
    } as State
  },
  getPersistedSnapshot: (state) => state,
}

/** What can happen on a real machine on which nothing is broken. */
function eventsIn(state: State): EventObject[] {
  const { chart, world } = state
  const leaf = leafOf(state)
  const own = [...doneIn(state), ...exitIn(state)]
  const lasts = LASTING.includes(leaf)
  const generation = chart.context.generation as number
  const isAlive = world.runtime !== null && world.runtime !== 'stopped'
  const others = [
    ...['create', 'start', 'pause', 'resume', 'refresh'].map((type) => ({ type })),
    { type: 'stop', signal: 15, graceMs: 1_000 },
    { type: 'stop', signal: 15, graceMs: 0 },
    { type: 'kill', signal: 18, request: 1 },
    { type: 'remove', force: false },
    { type: 'remove', force: true },
    ...(isAlive ? [{ type: 'monitor.lost', generation, kept: false }] : []),
    ...(leaf === 'stopping.signalling' ? [{ type: `xstate.after.stopGrace.container.${leaf}` }] : []),
  ]
  return [...own, ...(lasts ? others : [])].filter((event: EventObject) => chart.can(event))
}

function doneIn({ chart, world }: State): EventObject[] {
  const found = world.monitorLost
    ? { found: 'ended', evidence: EVIDENCE }
    : { found: world.runtime, process: FACTS, monitor: FACTS }
  return (chart._nodes as AnyStateNode[]).flatMap(({ invoke }) =>
    invoke.map(({ id, src }) => ({
      type: `xstate.done.actor.${id}`,
      output: src === 'reconcile' ? found : { process: FACTS, monitor: FACTS },
    })),
  )
}

/** A process that is frozen takes no signal until it is thawed. */
function exitIn({ chart, world: { runtime } }: State): EventObject[] {
  const isKilled = chart.matches({ stopping: 'killing' })
  if (!isKilled && runtime !== 'created' && runtime !== 'running') return []
  const exit = { type: 'exit.observed', generation: chart.context.generation, evidence: EVIDENCE }
  return [exit]
}

const labelWithoutRun = (event: EventObject & { output?: unknown; generation?: number }): string => {
  const { output, generation, ...rest } = event
  return labelOf(rest)
}

/** Paths from a container that has run once and ended. */
export function realPaths(): Step[][] {
  const paths = new TestModel<State, EventObject, ContainerInput>(logic).getShortestPaths({
    input: ENDED,
    events: eventsIn,
    serializeState: ({ chart, world }, event, before) =>
      JSON.stringify([
        ...[chart.value, chart.context.removeAsked, world],
        ...[event && labelWithoutRun(event), before?.chart.value],
      ]),
    // One run more is as good as many.
    stopWhen: ({ chart }) => chart.context.generation > 2,
  })
  return paths.map(({ steps }) => replayed(steps.slice(1).map(({ event }) => event)))
}

/** The same events, with the states that they lead to one by one: a path may have been joined from others. */
function replayed(events: readonly EventObject[]): Step[] {
  const scope = undefined as never
  let state = logic.getInitialSnapshot(scope, ENDED)
  return events.map((event) => {
    state = logic.transition(state, event, scope)
    return { event, state }
  })
}

/** The pairs of state and event that paths take. */
export function cellsAlong(paths: readonly Step[][]): Set<string> {
  const cells = new Set<string>()
  for (const path of paths) {
    let before = logic.getInitialSnapshot(undefined as never, ENDED)
    for (const { event, state } of path) {
      const taken = containerMachine.getTransitionData(before.chart as never, event as never)
      for (const each of taken) cells.add(cellName(leafNodeOf(before.chart), each as never))
      before = state
    }
  }
  return cells
}
