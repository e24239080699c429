import { type Actor, createActor, fromPromise, type PromiseActorLogic, SimulatedClock } from 'xstate'
import { containerMachine, type KnownContainer } from '../../machines/index.ts'
import { leafOf } from './held-calls.ts'

type EffectName =
  | 'createContainer'
  | 'startContainer'
  | 'signalContainer'
  | 'pauseContainer'
  | 'resumeContainer'
  | 'checkpointContainer'
  | 'restoreContainer'
  | 'recordExit'
  | 'cleanUp'
  | 'removeContainer'
  | 'reconcile'

/** One call of an effect that the test has not answered yet. */
interface Call {
  name: EffectName
  input: unknown
  signal: AbortSignal
  resolve: (output: never) => void
  reject: (error: unknown) => void
}

const facts = (pid: number) => ({ pid, startTime: '1', bootId: 'boot' })
export const CREATED = { process: facts(10), monitor: facts(9) }
export const EVIDENCE = { code: 0, oomKilled: false, finishedAt: '2026-01-01T00:00:00.000Z' }

/** The container chart on a clock of its own, with effects that stay open until the test answers them. */
export class HeldContainer {
  readonly clock = new SimulatedClock()
  readonly calls: Call[] = []
  readonly actor: Actor<typeof containerMachine>
  readonly states: string[] = []

  constructor(known?: KnownContainer) {
    const held = <Output, Input>(name: EffectName): PromiseActorLogic<Output, Input> =>
      fromPromise<Output, Input>(
        ({ input, signal }) =>
          new Promise<Output>((resolve, reject) => {
            this.calls.push({ name, input, signal, resolve: resolve as Call['resolve'], reject })
          }),
      )
    const machine = containerMachine.provide({
      actors: {
        createContainer: held('createContainer'),
        startContainer: held('startContainer'),
        signalContainer: held('signalContainer'),
        pauseContainer: held('pauseContainer'),
        resumeContainer: held('resumeContainer'),
        checkpointContainer: held('checkpointContainer'),
        restoreContainer: held('restoreContainer'),
        recordExit: held('recordExit'),
        cleanUp: held('cleanUp'),
        removeContainer: held('removeContainer'),
        reconcile: held('reconcile'),
      },
    })
    this.actor = createActor(machine, { input: { id: 'c1', known }, clock: this.clock })
    this.actor.subscribe({ next: () => this.#note(), error: () => {} })
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
    if (call === undefined)
      throw new Error(`${name} is not open; open: ${this.calls.map((c) => c.name).join(' ')}`)
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

  #take(name: EffectName): Call {
    const call = this.open(name)
    this.calls.splice(this.calls.indexOf(call), 1)
    return call
  }

  #note(): void {
    if (this.states.at(-1) !== this.state) this.states.push(this.state)
  }
}

/** Promise callbacks of an actor take a few turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

const exit = (generation = 1) => ({ type: 'exit.observed', generation, evidence: EVIDENCE }) as const
const stop = { type: 'stop', signal: 15, graceMs: 10_000 } as const

const image = { imagePath: '/image', tcpEstablished: false } as const
const checkpoint = { type: 'checkpoint', leaveRunning: false, ...image } as const

const created = async () => {
  const container = new HeldContainer()
  container.actor.send({ type: 'create' })
  return container.done('createContainer', CREATED)
}
const starting = async () => send(await created(), { type: 'start' })
const running = async () => (await starting()).done('startContainer')
const pausing = async () => send(await running(), { type: 'pause' })
const paused = async () => (await pausing()).done('pauseContainer')
const recording = async () => send(await running(), exit())
const cleaning = async () => (await recording()).done('recordExit')
const exited = async () => (await cleaning()).done('cleanUp')
const removing = async () => send(await exited(), { type: 'remove', force: false })
const asking = async () =>
  new HeldContainer({ state: 'running', generation: 1, process: facts(10), monitor: facts(9) })

type Event = Parameters<HeldContainer['actor']['send']>[0]
function send(container: HeldContainer, event: Event): HeldContainer {
  container.actor.send(event)
  return container
}

/** How a container gets into each leaf state of the chart. */
export const INTO: Record<string, () => Promise<HeldContainer>> = {
  configured: async () => new HeldContainer(),
  creating: async () => send(new HeldContainer(), { type: 'create' }),
  created,
  starting,
  running,
  pausing,
  paused,
  resuming: async () => send(await paused(), { type: 'resume' }),
  'stopping.thawing': async () => send(await paused(), stop),
  'stopping.signalling': async () => send(await running(), stop),
  'stopping.killing': async () => send(await running(), { ...stop, graceMs: 0 }),
  'checkpointing.dumping': async () => send(await running(), checkpoint),
  'checkpointing.ending': async () =>
    send(await running(), checkpoint).done('checkpointContainer', { leftRunning: false }),
  restoring: async () => send(await exited(), { type: 'restore', ...image }),
  'stopped.recording': recording,
  'stopped.held': async () => (await cleaning()).failed('cleanUp'),
  cleaning,
  exited,
  removing,
  removed: async () => (await removing()).done('removeContainer'),
  'reconciling.asking': asking,
  'reconciling.waiting': async () => (await asking()).failed('reconcile'),
}

/** Every event of the chart, by the name of its column. */
export const EVENTS: Record<string, (generation: number) => Event> = {
  create: () => ({ type: 'create' }),
  start: () => ({ type: 'start' }),
  stop: () => stop,
  'stop 0': () => ({ ...stop, graceMs: 0 }),
  kill: () => ({ type: 'kill', signal: 1, request: 1 }),
  pause: () => ({ type: 'pause' }),
  resume: () => ({ type: 'resume' }),
  checkpoint: () => checkpoint,
  restore: () => ({ type: 'restore', ...image }),
  cleanup: () => ({ type: 'cleanup' }),
  remove: () => ({ type: 'remove', force: false }),
  'remove -f': () => ({ type: 'remove', force: true }),
  refresh: () => ({ type: 'refresh' }),
  exit: (generation) => exit(generation),
  'late exit': (generation) => exit(generation - 1),
  'monitor lost': (generation) => ({ type: 'monitor.lost', generation, kept: false }),
  'late loss': (generation) => ({ type: 'monitor.lost', generation: generation - 1, kept: true }),
  'lost, kept': (generation) => ({ type: 'monitor.lost', generation, kept: true }),
}
