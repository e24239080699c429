import {
  type AnyActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
  fromPromise,
  SimulatedClock,
} from 'xstate'
import { isLeaf } from './edges.ts'

/** An effect that is under way. */
interface Held {
  signal: AbortSignal
  resolve: (output: unknown) => void
  reject: (error: unknown) => void
}

const charts = new WeakMap<object, Map<string, Held>>()

/** The same chart, with effects that stay open until {@link Driven} answers them. */
export function held(machine: AnyStateMachine): AnyStateMachine {
  const effect = fromPromise(
    ({ self, system, signal }) =>
      new Promise((resolve, reject) => {
        charts.get(system)?.set(self.id, { signal, resolve, reject })
      }),
  )
  const names = Object.keys(machine.implementations.actors)
  return machine.provide({ actors: Object.fromEntries(names.map((name) => [name, effect])) } as never)
}

/** A transition that was taken, and the state that the chart was in. */
type Taken = (transition: AnyTransitionDefinition, leaf: AnyStateNode | undefined) => void

/** A chart with held effects as it runs, on a clock of its own. */
export class Driven {
  readonly #actor: AnyActor
  readonly #clock = new SimulatedClock()
  readonly #held = new Map<string, Held>()
  readonly #begun = new Map<object, number>()
  /** Where it was before the step that is taken. */
  #leaf: AnyStateNode | undefined

  constructor(machine: AnyStateMachine, input: unknown, taken: Taken) {
    this.#actor = createActor(machine, {
      input,
      clock: this.#clock,
      inspect: (event) => {
        if (event.type !== '@xstate.microstep') return
        for (const transition of event._transitions) taken(transition, this.#leaf)
      },
    })
    charts.set(this.#actor.system, this.#held)
    this.#actor.subscribe({ error: () => {} })
    this.#actor.start()
    this.#look()
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot() as AnyMachineSnapshot
  }

  /** Has happen what an event stands for: an effect's end, a timer's, or the event itself. */
  async take(event: EventObject): Promise<void> {
    const [, end, id = ''] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event.type) ?? []
    if (end === 'done') this.#answer(id).resolve((event as { output?: unknown }).output)
    else if (end === 'error') this.#answer(id).reject((event as { error?: unknown }).error)
    else if (event.type.startsWith('xstate.after.')) this.#clock.increment(this.#untilEndOf(event.type))
    else this.#actor.send(event)
    await settle()
    this.#look()
  }

  #answer(id: string): Held {
    const effect = this.#held.get(id)
    if (effect === undefined || effect.signal.aborted) throw new Error(`${id} is not under way`)
    this.#held.delete(id)
    return effect
  }

  #untilEndOf(type: string): number {
    const timer = this.#timers().find(({ event }) => event.type === type)
    if (timer === undefined) throw new Error(`no timer runs for ${type}`)
    return (this.#begun.get(timer) ?? 0) + timer.delay - this.#clock.now()
  }

  #timers = () => Object.values(this.#actor.system.getSnapshot()._scheduledEvents)

  #look(): void {
    this.#leaf = (this.snapshot._nodes as AnyStateNode[]).find(isLeaf)
    // XState notes the time of day at which a timer began; what counts is the clock.
    for (const timer of this.#timers()) {
      if (!this.#begun.has(timer)) this.#begun.set(timer, this.#clock.now())
    }
  }
}

/** Promise callbacks of an actor take a few turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}
