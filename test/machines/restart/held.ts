import { type Actor, createActor, SimulatedClock } from 'xstate'
import { type KnownRestarts, type RestartPolicy, restartMachine } from '../../../machines/index.ts'
import { HeldCalls } from '../held-calls.ts'

export const BACK_OFF = { initialMs: 1_000, factor: 2, capMs: 60_000, jitter: 0, resetAfterMs: 10_000 }

export const policy = (name: RestartPolicy['name'], maxRetries?: number): RestartPolicy => ({
  name,
  maxRetries,
  backoff: BACK_OFF,
})

type Event = Parameters<Actor<typeof restartMachine>['send']>[0]

interface Settings {
  policy?: RestartPolicy
  random?: () => number
  known?: KnownRestarts
}

/** The restart chart on a clock of its own, with a restart that stays open until the test answers it. */
export class HeldRestart {
  readonly clock = new SimulatedClock()
  readonly calls = new HeldCalls()
  readonly actor: Actor<typeof restartMachine>

  constructor({ policy: chosen = policy('on-failure', 3), random = () => 0, known }: Settings = {}) {
    const machine = restartMachine.provide({
      actors: { restartContainer: this.calls.hold('restartContainer') },
    })
    this.actor = createActor(machine, {
      input: { id: 'c1', policy: chosen, random, known },
      clock: this.clock,
    })
    this.actor.subscribe({ error: () => {} })
    this.actor.start()
  }

  get state(): string {
    return String(this.actor.getSnapshot().value)
  }

  get context() {
    return this.actor.getSnapshot().context
  }

  /** Whether a process of the container is thought to live. */
  get isAlive(): boolean {
    return this.state === 'running' || this.state === 'steady'
  }

  send(...events: Event[]): this {
    for (const event of events) this.actor.send(event)
    return this
  }

  /** The start of the next run. */
  started(): this {
    return this.send(EVENTS.started.of(this))
  }

  /** The end of the run that lives, or of the one that is awaited. */
  exited(code: number, cause: 'exited' | 'stopped-by-user' | 'checkpointed' = 'exited'): this {
    return this.send({ type: 'container.exited', generation: newest(this), code, cause })
  }

  after(ms: number): this {
    this.clock.increment(ms)
    return this
  }

  /** Until the restart that is put off begins. */
  afterWait(): this {
    return this.after(this.context.delayMs)
  }

  async restarted(): Promise<this> {
    await this.calls.done('restartContainer')
    return this
  }

  async restartFailed(error?: unknown): Promise<this> {
    await this.calls.failed('restartContainer', error)
    return this
  }
}

/** The run that lives, or the one that comes next. */
const newest = ({ context, isAlive }: HeldRestart): number => context.generation + (isAlive ? 0 : 1)

const known = (state: KnownRestarts['state']): KnownRestarts => ({
  ...{ state, generation: 4, attempt: 2, restarts: 2 },
  afterRestart: false,
})

/** A chart whose engine has just opened. */
export const opened = (state: KnownRestarts['state'], settings: Settings = {}): HeldRestart =>
  new HeldRestart({ known: known(state), ...settings })

export const running = (settings?: Settings): HeldRestart =>
  new HeldRestart(settings).send({ type: 'start.asked' }).started()

/** How the chart gets into each state in which it can rest; the policy is on-failure:3. */
export const INTO: Record<string, () => HeldRestart> = {
  idle: () => new HeldRestart(),
  starting: () => new HeldRestart().send({ type: 'start.asked' }),
  running,
  steady: () => running().after(BACK_OFF.resetAfterMs),
  'backing-off': () => running().exited(1),
  restarting: () => running().exited(1).afterWait(),
  'given-up': () => opened('given-up'),
  'stopped-by-user': () => running().send({ type: 'stop.asked' }),
  removed: () => running().send({ type: 'container.removed' }),
}

const exit = (code: number, cause: 'exited' | 'stopped-by-user' | 'checkpointed') => ({
  of: (chart: HeldRestart): Event => ({ type: 'container.exited', generation: newest(chart), code, cause }),
})

/** Every event of the chart, by the name of its column. */
export const EVENTS = {
  start: { of: (): Event => ({ type: 'start.asked' }) },
  stop: { of: (): Event => ({ type: 'stop.asked' }) },
  started: {
    of: ({ context }: HeldRestart): Event => ({
      type: 'container.started',
      generation: context.generation + 1,
    }),
  },
  'started, again': {
    of: ({ context }: HeldRestart): Event => ({ type: 'container.started', generation: context.generation }),
  },
  'exit 0': exit(0, 'exited'),
  'exit 1': exit(1, 'exited'),
  'exit by stop': exit(143, 'stopped-by-user'),
  'exit by checkpoint': exit(137, 'checkpointed'),
  'late exit': {
    of: (chart: HeldRestart): Event => ({
      ...{ type: 'container.exited', generation: newest(chart) - 1 },
      ...{ code: 1, cause: 'exited' },
    }),
  },
  removed: { of: (): Event => ({ type: 'container.removed' }) },
} satisfies Record<string, { of: (chart: HeldRestart) => Event }>
