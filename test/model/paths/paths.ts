import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate'
import { TestModel, type TestPath } from 'xstate/graph'
import type { Description, Start } from './description.ts'

export type Path = TestPath<AnyMachineSnapshot, EventObject>

/** What every effect fails with. */
const FAILURE = new Error('the effect failed')

/**
 * The shortest paths to each state by each event from each state before it: so every state and event that go together
 * are in one, and what an event has left in the context is met one step further.
 */
export function pathsFrom(
  { input, machine, goesOn = () => true }: Start & { machine: AnyStateMachine },
  description: Description,
): Path[] {
  const remembered = ({ context }: AnyMachineSnapshot): unknown => description.memory?.(context as never)
  return new TestModel<AnyMachineSnapshot, EventObject, unknown>(machine).getShortestPaths({
    input,
    events: (snapshot) => (goesOn(snapshot) ? eventsIn(snapshot, machine, description) : []),
    serializeState: (snapshot, event, before) =>
      JSON.stringify([snapshot.value, remembered(snapshot), event && labelOf(event), before?.value]),
  })
}

/** What a chart does in a state, be it asked, observed, or of its own doing. */
function eventsIn(
  snapshot: AnyMachineSnapshot,
  machine: AnyStateMachine,
  description: Description,
): EventObject[] {
  const all = [
    ...description.events(snapshot.context as never),
    ...endsOfEffects(snapshot, description),
    ...nextTimer(snapshot, machine, description),
  ]
  return snapshot.status === 'active' ? all.filter((event) => snapshot.can(event)) : []
}

function endsOfEffects(snapshot: AnyMachineSnapshot, { outputs }: Description): EventObject[] {
  const invoked = nodesOf(snapshot).flatMap(({ invoke }) => invoke)
  const spawned = Object.keys(snapshot.children).filter((id) => invoked.every((each) => each.id !== id))
  return [
    ...invoked.flatMap(({ id, src }) => [
      ...(outputs[String(src)] ?? [undefined]).map((output) => ({ type: `xstate.done.actor.${id}`, output })),
      { type: `xstate.error.actor.${id}`, error: FAILURE },
    ]),
    ...spawned.map((id) => ({ type: `xstate.done.actor.${id}`, output: undefined })),
  ]
}

/** Of the timers that run the one that ends first. */
function nextTimer(
  snapshot: AnyMachineSnapshot,
  machine: AnyStateMachine,
  { runs = () => true }: Description,
): EventObject[] {
  const context = snapshot.context as never
  return nodesOf(snapshot)
    .flatMap(({ after }) => after.map(({ delay, eventType }) => ({ delay: String(delay), type: eventType })))
    .filter(({ delay }) => runs(delay, context))
    .map(({ delay, type }) => ({ type, ms: lengthOf(machine, delay, context) }))
    .sort((a, b) => a.ms - b.ms)
    .slice(0, 1)
    .map(({ type }) => ({ type }))
}

function lengthOf(machine: AnyStateMachine, delay: string, context: never): number {
  const length = machine.implementations.delays[delay] as number | ((of: object) => number)
  return typeof length === 'function' ? length({ context }) : length
}

const nodesOf = ({ _nodes }: AnyMachineSnapshot): AnyStateNode[] => _nodes

/** An event as a line of a path. */
export function labelOf({ type, ...payload }: EventObject): string {
  const values = JSON.stringify(payload)
  return values === '{}' ? type : `${type} ${values}`
}
