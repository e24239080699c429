import { type Actor, createActor, type SnapshotFrom } from 'xstate'
import type {
  ContainerCommand,
  KnownRestarts,
  RestartObservation,
  RestartPolicy,
  RestartState,
  RestartWish,
  restartMachine,
} from '../../../machines/index.ts'
import type { RestartRow } from '../../store/records.ts'
import type { ExitRecord, HealthStatus } from '../../types.ts'
import type { Supervisor } from '../supervisor.ts'
import { provideRestart } from './effects.ts'

type Snapshot = SnapshotFrom<typeof restartMachine>

/** An event of a policy, before it is stamped. */
export type PolicyEvent =
  | { type: 'restart.scheduled'; attempt: number; delayMs: number }
  | { type: 'restart.given-up'; restarts: number }
  | { type: 'health'; status: HealthStatus; failingStreak: number }

const DUE: ReadonlySet<RestartState> = new Set(['backing-off', 'restarting'])
const SIGKILL = 9

/** Owns the restart chart's actor of one container. */
export class Restarts {
  readonly #supervisor: Supervisor
  readonly #policy: RestartPolicy
  readonly #changed: (...events: PolicyEvent[]) => void
  #row: RestartRow | undefined
  #actor: Actor<typeof restartMachine> | undefined

  /** `changed` is called when there is something to commit, with what is to be told of it. */
  constructor(supervisor: Supervisor, policy: RestartPolicy, changed: (...events: PolicyEvent[]) => void) {
    this.#supervisor = supervisor
    this.#policy = policy
    this.#changed = changed
    this.#row = supervisor.row.facts.restart
  }

  /** As it is to be committed; undefined before anything has been heard. */
  get row(): RestartRow | undefined {
    return this.#row
  }

  get isDue(): boolean {
    return this.#row !== undefined && DUE.has(this.#row.state)
  }

  /** Goes on from the row where there is one. */
  begin(): void {
    const { id, logger, engine } = this.#supervisor
    const input = { id, policy: this.#policy, random: Math.random, known: this.#known() }
    const actor = createActor(provideRestart(this.#supervisor), { input, ...engine.actorOptions })
    this.#actor = actor
    actor.subscribe({
      next: (snapshot) => this.#onSnapshot(snapshot),
      error: (error) => logger.error({ err: error }, 'the restart chart failed'),
    })
    actor.start()
  }

  wish(command: ContainerCommand): void {
    const type = wishOf(command, this.#supervisor.settings.stopSignal)
    if (type !== undefined) this.#actor?.send({ type })
  }

  started(generation: number): void {
    this.#hear({ type: 'container.started', generation })
  }

  exited({ generation, code, cause }: ExitRecord): void {
    this.#hear({ type: 'container.exited', generation, code, cause })
  }

  removed(): void {
    this.#hear({ type: 'container.removed' })
  }

  close(): void {
    this.#actor?.stop()
  }

  #hear(observation: RestartObservation): void {
    this.#actor?.send(observation)
  }

  #known(): KnownRestarts | undefined {
    if (this.#row === undefined) return undefined
    const { bootId, ...known } = this.#row
    return { ...known, afterRestart: this.#supervisor.engine.boot.isAfter(bootId) }
  }

  #onSnapshot({ value, context }: Snapshot): void {
    // With the container goes its row.
    if (value === 'removed') return
    const before = this.#row
    const { generation, attempt, restarts } = context
    const state = value as RestartState
    if (before === undefined && state === 'idle') return
    const now = { state, generation, attempt, restarts }
    if (before !== undefined && isSame(before, now)) return
    this.#row = { ...now, bootId: this.#supervisor.engine.boot.id }
    this.#changed(...this.#news(before?.state, context))
  }

  /** A wait that an earlier engine had begun, and told of, begins anew untold. */
  #news(from: RestartState | undefined, { attempt, delayMs, restarts }: Snapshot['context']): PolicyEvent[] {
    const state = this.#row?.state
    if (state === from) return []
    if (state === 'backing-off') return [{ type: 'restart.scheduled', attempt, delayMs }]
    return state === 'given-up' ? [{ type: 'restart.given-up', restarts }] : []
  }
}

function wishOf(command: ContainerCommand, stopSignal: number): RestartWish['type'] | undefined {
  switch (command.type) {
    case 'start':
    case 'restore':
      return 'start.asked'
    case 'stop':
    case 'remove':
      return 'stop.asked'
    case 'kill':
      return command.signal === SIGKILL || command.signal === stopSignal ? 'stop.asked' : undefined
    default:
      return undefined
  }
}

const isSame = (before: RestartRow, now: Omit<RestartRow, 'bootId'>): boolean =>
  before.state === now.state &&
  before.generation === now.generation &&
  before.attempt === now.attempt &&
  before.restarts === now.restarts
