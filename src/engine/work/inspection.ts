import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'

/**
 * What XState tells of an actor: `@xstate.actor` of a new one, `@xstate.event`, `@xstate.snapshot` and others, each with
 * what XState has in it. Its actors are for looking at: whoever sends one an event changes what happens.
 */
export interface InspectionEvent {
  readonly type: string
}

/** Methods, so that whoever knows more of the events than is said here may take them as what they are. */
interface InspectionObserver {
  next(event: InspectionEvent): unknown
}

/** Who is told what the charts do: an observer, such as `@statelyai/inspect` makes, or a function. */
export type Inspector = InspectionObserver['next'] | Partial<InspectionObserver>

/** What is kept for an inspector that is behind. */
const MOST_WAITING = 10_000
/** Milliseconds that an inspector has at once. */
const SLICE_MS = 5
/** So many times as long as it took, it then waits, and containers have the time. */
const REST = 4

/**
 * Keeps an inspector at arm's length from the charts. What it is told comes later, in order; what it throws is logged.
 * Where it does not keep up it misses events, and has a fifth of the time at most.
 */
export function inspection(inspector: Inspector, logger: Logger): (event: InspectionEvent) => void {
  const queue = new Inspection(inspector, logger)
  return (event) => queue.add(event)
}

class Inspection {
  readonly #inspector: Inspector
  readonly #logger: Logger
  readonly #waiting: InspectionEvent[] = []
  #isTelling = false
  #hasThrown = false
  #missed = 0

  constructor(inspector: Inspector, logger: Logger) {
    this.#inspector = inspector
    this.#logger = logger
  }

  add(event: InspectionEvent): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(event)
    else this.#miss()
    if (!this.#isTelling) void this.#tellAll()
  }

  async #tellAll(): Promise<void> {
    this.#isTelling = true
    await turn()
    while (this.#waiting.length > 0) {
      const began = performance.now()
      await this.#tellUntil(began + SLICE_MS)
      if (this.#waiting.length > 0) await wait((performance.now() - began) * REST, undefined, { ref: false })
    }
    this.#isTelling = false
    if (this.#missed > 0) this.#logger.warn({ missed: this.#missed }, 'an inspector has missed events')
    this.#missed = 0
  }

  async #tellUntil(end: number): Promise<void> {
    do {
      const event = this.#waiting.shift()
      if (event === undefined) return
      try {
        const promise = this.#tell(event)
        // One that gives a promise hears of the next event once that is kept.
        if (isThenable(promise)) await promise
      } catch (error) {
        this.#threw(error)
      }
    } while (performance.now() < end)
  }

  #tell(event: InspectionEvent): unknown {
    return typeof this.#inspector === 'function' ? this.#inspector(event) : this.#inspector.next?.(event)
  }

  #threw(error: unknown): void {
    this.#logger[this.#hasThrown ? 'debug' : 'warn']({ err: error }, 'an inspector threw')
    this.#hasThrown = true
  }

  #miss(): void {
    if (this.#missed === 0) {
      this.#logger.warn({ waiting: MOST_WAITING }, 'an inspector does not keep up, and misses events')
    }
    this.#missed += 1
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}
