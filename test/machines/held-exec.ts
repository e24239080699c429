import { type Actor, createActor, fromPromise, type PromiseActorLogic, SimulatedClock } from 'xstate'
import { type ExecInput, execMachine } from '../../machines/index.ts'
import { leafOf } from './held-calls.ts'

type EffectName = 'startSession' | 'signalSession' | 'findSession'

interface Call {
  name: EffectName
  input: unknown
  signal: AbortSignal
  resolve: (output: never) => void
  reject: (error: unknown) => void
}

export const PROCESS = { pid: 20, startTime: '1', bootId: 'boot' }

/** The exec chart on a clock of its own, with effects that stay open until the test answers them. */
export class HeldExec {
  readonly clock = new SimulatedClock()
  readonly calls: Call[] = []
  readonly actor: Actor<typeof execMachine>

  constructor(known?: ExecInput['known']) {
    const held = <Output, Input>(name: EffectName): PromiseActorLogic<Output, Input> =>
      fromPromise<Output, Input>(
        ({ input, signal }) =>
          new Promise<Output>((resolve, reject) => {
            this.calls.push({ name, input, signal, resolve: resolve as Call['resolve'], reject })
          }),
      )
    const machine = execMachine.provide({
      actors: {
        startSession: held('startSession'),
        signalSession: held('signalSession'),
        findSession: held('findSession'),
      },
    })
    this.actor = createActor(machine, {
      input: { id: 's1', containerId: 'c1', known },
      clock: this.clock,
    })
    this.actor.subscribe({ error: () => {} })
    this.actor.start()
  }

  /** The leaf state as tests write it: `stopping.killing`. */
  get state(): string {
    return leafOf(this.actor.getSnapshot())
  }

  get context() {
    return this.actor.getSnapshot().context
  }

  /** The newest call of an effect that is still open. */
  open(name: EffectName): Call {
    const call = this.calls.findLast((candidate) => candidate.name === name && !candidate.signal.aborted)
    if (call === undefined) throw new Error(`${name} is not open`)
    return call
  }

  async done(name: EffectName, output?: unknown): Promise<this> {
    this.#take(name).resolve(output as never)
    await settle()
    return this
  }

  async failed(name: EffectName, error: unknown = new Error(`${name} failed`)): Promise<this> {
    this.#take(name).reject(error)
    await settle()
    return this
  }

  send(event: Event): this {
    this.actor.send(event)
    return this
  }

  #take(name: EffectName): Call {
    const call = this.open(name)
    this.calls.splice(this.calls.indexOf(call), 1)
    return call
  }
}

/** Promise callbacks of an actor take a few turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

type Event = Parameters<HeldExec['actor']['send']>[0]

const stop = { type: 'stop', signal: 15, graceMs: 10_000 } as const
const starting = () => new HeldExec().send({ type: 'start' })
const running = () => starting().done('startSession', { process: PROCESS })
const known = () => new HeldExec({ process: PROCESS })

/** How a session gets into each leaf state of the chart. */
export const EXEC_INTO: Record<string, () => Promise<HeldExec> | HeldExec> = {
  configured: () => new HeldExec(),
  starting,
  running,
  'stopping.signalling': async () => (await running()).send(stop),
  'stopping.killing': async () => (await running()).send({ ...stop, graceMs: 0 }),
  reconciling: known,
  abandoning: async () => (await running()).send({ type: 'monitor.lost' }),
  exited: async () => (await running()).send({ type: 'exit.observed', code: 0 }),
  failed: () => starting().failed('startSession'),
}

/** Every event of the chart, by the name of its column. */
export const EXEC_EVENTS: Record<string, Event> = {
  start: { type: 'start' },
  stop,
  'stop 0': { ...stop, graceMs: 0 },
  kill: { type: 'kill', signal: 1, request: 1 },
  exit: { type: 'exit.observed', code: 0 },
  'monitor lost': { type: 'monitor.lost' },
}
