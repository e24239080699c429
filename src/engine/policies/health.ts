import { type Actor, createActor, type SnapshotFrom } from 'xstate'
import { HEALTH_STATES, type healthMachine } from '../../../machines/index.ts'
import type { HealthSettings } from '../../spec/policies/health.ts'
import type { ContainerRow, HealthRow } from '../../store/records.ts'
import type { Supervisor } from '../supervisor.ts'
import { provideProbe } from './probe.ts'
import type { PolicyEvent } from './restarts.ts'

type Snapshot = SnapshotFrom<typeof healthMachine>

/** Owns the health chart's actor of a container's present run. */
export class Health {
  readonly #supervisor: Supervisor
  readonly #settings: HealthSettings
  readonly #changed: (...events: PolicyEvent[]) => void
  #row: HealthRow | undefined
  #actor: Actor<typeof healthMachine> | undefined
  #isClosed = false

  /** `changed` is called when there is something to commit, with what is to be told of it. */
  constructor(supervisor: Supervisor, settings: HealthSettings, changed: (...events: PolicyEvent[]) => void) {
    this.#supervisor = supervisor
    this.#settings = settings
    this.#changed = changed
    this.#row = supervisor.row.facts.health
  }

  /** The last that is known of a run; undefined where that one has not been asked. */
  rowOf(generation: number): HealthRow | undefined {
    return this.#row?.generation === generation ? this.#row : undefined
  }

  /** Hears of each state of the container; only one that runs can be asked. */
  follow(row: ContainerRow, isOver: boolean): void {
    if (this.#isClosed) return
    if (isOver) this.#end(row.generation)
    else if (row.state !== 'running') this.#actor?.send({ type: 'container.paused' })
    else if (this.#actor === undefined) this.#begin(row)
    else this.#actor.send({ type: 'container.resumed' })
  }

  /** Asks no more; the next engine goes on. */
  close(): void {
    this.#isClosed = true
    this.#actor?.stop()
  }

  #begin({ id, generation, facts }: ContainerRow): void {
    const { actorOptions } = this.#supervisor.engine
    const known = this.rowOf(generation)
    const check = known === undefined ? this.#settings.check : this.#rest(facts.startedAt)
    const machine = provideProbe(this.#supervisor, this.#settings.command)
    const input = { id, generation, check, known }
    const actor = createActor(machine, { input, ...actorOptions })
    this.#actor = actor
    actor.subscribe({
      next: (snapshot) => this.#onSnapshot(snapshot),
      error: (error) => this.#supervisor.logger.error({ err: error }, 'the health chart failed'),
    })
    actor.start()
  }

  /** Of a run that an earlier engine saw begin, what is left of its start period. */
  #rest(startedAt: string | null): HealthSettings['check'] {
    const { check } = this.#settings
    const { clock } = this.#supervisor.engine.world
    const sinceMs = startedAt === null ? 0 : clock.now().getTime() - Date.parse(startedAt)
    return { ...check, startPeriodMs: Math.max(0, (check.startPeriodMs ?? 0) - Math.max(0, sinceMs)) }
  }

  #end(generation: number): void {
    this.#actor?.send({ type: 'container.exited', generation })
    this.#actor = undefined
  }

  #onSnapshot({ value, context }: Snapshot): void {
    const state = HEALTH_STATES.find((name) => typeof value === 'object' && name in value)
    // A run that is over keeps its last health.
    if (state === undefined) return
    const { generation, failingStreak, results } = context
    const before = this.rowOf(generation)
    if (before?.state === state && before.failingStreak === failingStreak && before.results === results)
      return
    this.#row = { generation, state, failingStreak, results }
    const isNews = state !== 'starting' && state !== before?.state
    this.#changed(...(isNews ? [{ type: 'health', status: state, failingStreak } as const] : []))
  }
}
