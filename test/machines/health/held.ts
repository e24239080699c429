import { type Actor, createActor, SimulatedClock } from 'xstate'
import { type HealthInput, healthMachine } from '../../../machines/index.ts'
import { HeldCalls, leafOf } from '../held-calls.ts'

export const CHECK = { intervalMs: 10_000, timeoutMs: 2_000, startPeriodMs: 0, retries: 3 }
export const PASSED = { exitCode: 0, output: 'fine', durationMs: 12 }
export const FAILED = { exitCode: 1, output: 'no answer', durationMs: 15 }

type Event = Parameters<Actor<typeof healthMachine>['send']>[0]

/** The health chart on a clock of its own, with probes that stay open until the test answers them. */
export class HeldHealth {
  readonly clock = new SimulatedClock()
  readonly calls = new HeldCalls()
  readonly actor: Actor<typeof healthMachine>

  constructor(check: HealthInput['check'] = {}, known?: HealthInput['known']) {
    this.actor = createActor(healthMachine.provide({ actors: { probe: this.calls.hold('probe') } }), {
      input: { id: 'c1', generation: 2, check: { ...CHECK, ...check }, known },
      clock: this.clock,
    })
    this.actor.subscribe({ error: () => {} })
    this.actor.start()
  }

  /** The leaf state as tests write it: `healthy.probing`. */
  get state(): string {
    return leafOf(this.actor.getSnapshot())
  }

  get context() {
    return this.actor.getSnapshot().context
  }

  get isProbing(): boolean {
    return this.calls.isOpen('probe')
  }

  send(event: Event): this {
    this.actor.send(event)
    return this
  }

  after(ms: number): this {
    this.clock.increment(ms)
    return this
  }

  /** Until the next probe begins. */
  afterInterval(): this {
    return this.after(this.context.check.intervalMs)
  }

  /** The probe under way, or else the next one, passes. */
  async passes(): Promise<this> {
    if (!this.isProbing) this.afterInterval()
    await this.calls.done('probe', PASSED)
    return this
  }

  /** The probe under way, or else the next one, fails; and so on. */
  async fails(times = 1): Promise<this> {
    for (let probe = 0; probe < times; probe += 1) {
      if (!this.isProbing) this.afterInterval()
      await this.calls.done('probe', FAILED)
    }
    return this
  }
}

const healthy = () => new HeldHealth().passes()
const unhealthy = () => new HeldHealth().fails(CHECK.retries)
const suspended = (chart: HeldHealth) => chart.send({ type: 'container.paused' })

/** How the chart gets into each state in which it can rest. */
export const INTO: Record<string, () => Promise<HeldHealth> | HeldHealth> = {
  'starting.waiting': () => new HeldHealth(),
  'starting.probing': () => new HeldHealth().afterInterval(),
  'starting.suspended': () => suspended(new HeldHealth()),
  'healthy.waiting': healthy,
  'healthy.probing': async () => (await healthy()).afterInterval(),
  'healthy.suspended': async () => suspended(await healthy()),
  'unhealthy.waiting': unhealthy,
  'unhealthy.probing': async () => (await unhealthy()).afterInterval(),
  'unhealthy.suspended': async () => suspended(await unhealthy()),
  ended: () => new HeldHealth().send({ type: 'container.exited', generation: 2 }),
}

/** Every event of the chart, by the name of its column. */
export const EVENTS: Record<string, Event> = {
  paused: { type: 'container.paused' },
  resumed: { type: 'container.resumed' },
  exited: { type: 'container.exited', generation: 2 },
  'late exit': { type: 'container.exited', generation: 1 },
}
