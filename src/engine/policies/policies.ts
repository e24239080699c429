import type { ContainerCommand } from '../../../machines/index.ts'
import type { ContainerRow } from '../../store/records.ts'
import { endsRun } from '../row.ts'
import type { Supervisor } from '../supervisor.ts'
import { Health } from './health.ts'
import { type PolicyEvent, Restarts } from './restarts.ts'

/**
 * What is done with one container without being asked for. The policies hear of each of its transitions before that is
 * committed, so that one commit has the transition and what follows from it.
 */
export class Policies {
  readonly #supervisor: Supervisor
  readonly #restarts: Restarts | undefined
  readonly #health: Health | undefined
  readonly #listeners = new Set<() => void>()
  /** Of the transition that is being followed; undefined where none is. */
  #gathered: PolicyEvent[] | undefined

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    const changed = (...events: PolicyEvent[]) => this.#changed(events)
    const { restart, healthCheck } = supervisor.settings
    this.#restarts = restart && new Restarts(supervisor, restart, changed)
    this.#health = healthCheck && new Health(supervisor, healthCheck, changed)
  }

  /** Whether it is to be started again by itself. */
  get isRestartDue(): boolean {
    return this.#restarts?.isDue === true
  }

  /** Begins, or goes on with what an earlier engine had come to. */
  begin(): void {
    this.#restarts?.begin()
  }

  /** The user has asked for this, and it is going to be done. */
  wish(command: ContainerCommand): void {
    this.#restarts?.wish(command)
  }

  /** Hears of a transition; gives what is to be committed with it. */
  follow(before: ContainerRow, row: ContainerRow): { row: ContainerRow; events: readonly PolicyEvent[] } {
    const events: PolicyEvent[] = []
    this.#gathered = events
    try {
      const hasBegun = row.state === 'running' && before.state !== 'running'
      if (hasBegun) this.#restarts?.started(row.generation)
      const isOver = endsRun(before.state, row.state)
      if (row.facts.exit !== null && isOver) this.#restarts?.exited(row.facts.exit)
      this.#health?.follow(row, isOver)
      if (row.state === 'removed') this.#restarts?.removed()
    } finally {
      this.#gathered = undefined
    }
    return { row: this.onto(row), events }
  }

  /** A container's row with what its policies have come to. */
  onto({ facts, ...row }: ContainerRow): ContainerRow {
    const { restart: _, health: __, ...others } = facts
    const restart = this.#restarts?.row
    const health = this.#health?.rowOf(row.generation)
    return { ...row, facts: { ...others, ...(restart && { restart }), ...(health && { health }) } }
  }

  /** The engine is closing: nobody is asked for health any more. What ends meanwhile is the restart policy's still. */
  leave(): void {
    this.#health?.close()
  }

  /** Calls after each commit of what they have come to by themselves, until the function given back is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What they have come to by themselves is on disk. */
  told(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Lets go; what was under way is the next engine's. */
  close(): void {
    this.#restarts?.close()
    this.#health?.close()
  }

  #changed(events: readonly PolicyEvent[]): void {
    if (this.#gathered === undefined) this.#supervisor.recordPolicies(events)
    else this.#gathered.push(...events)
  }
}
