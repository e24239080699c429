import { quote } from '../../../effects/quote.ts'
import type { Clock } from '../../clock.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Store } from '../store.ts'

/** How many events are kept, and for how long. What is past either limit is given up. */
export interface Retention {
  /** 100,000 where left out; Infinity for no limit. */
  events?: number | undefined
  /** Seconds; a week where left out, Infinity for no limit. */
  age?: number | undefined
}

const EVENTS = 100_000
const AGE = 7 * 24 * 60 * 60

/** Events that are given up in one transaction, about a millisecond's work. */
const PIECE = 500
/** Milliseconds until the next piece: everybody else has a turn in between. */
const NEXT_PIECE_MS = 5
/** Milliseconds from an event too many to its pruning, so that not every commit is followed by one. */
const PAUSE_MS = 200
/** Milliseconds from one look at the oldest event to the next, a hundredth of the age within these bounds. */
const SHORTEST_LOOK_MS = 200
const LONGEST_LOOK_MS = 60 * 60 * 1_000
/** Milliseconds until it is tried again where the store failed. */
const TROUBLE_MS = 10_000

/** {@link Retention}, complete. */
export interface CompleteRetention {
  events: number
  age: number
}

/**
 * Makes sure of a retention, and completes it.
 *
 * @throws InvalidInputError
 */
export function validRetention({ events = EVENTS, age = AGE }: Retention = {}): CompleteRetention {
  const isCount = events === Number.POSITIVE_INFINITY || (Number.isSafeInteger(events) && events >= 1)
  if (!isCount) {
    throw new InvalidInputError(`invalid number ${quote(events)} of events to keep`, {
      hint: 'give a whole number from 1 on, or Infinity',
    })
  }
  if (typeof age !== 'number' || !(age > 0)) {
    throw new InvalidInputError(`invalid age ${quote(age)} of events to keep`, {
      hint: 'give seconds, more than 0, or Infinity',
    })
  }
  return { events, age }
}

/** Gives up events that are past their retention: in the background, a bounded piece at a time. */
export class Pruner {
  readonly #store: Store
  readonly #retention: CompleteRetention
  readonly #clock: Clock
  readonly #onTrouble: (error: unknown) => void
  /** Events that are on record; undefined until they have been counted. */
  #count: number | undefined
  #timer: unknown
  #isSoon = false
  #isClosed = false

  constructor(store: Store, retention: CompleteRetention, clock: Clock, onTrouble: (error: unknown) => void) {
    this.#store = store
    this.#retention = retention
    this.#clock = clock
    this.#onTrouble = onTrouble
    this.#lookIn(PAUSE_MS)
  }

  /** One more event is on record. */
  committed(): void {
    // Until they are counted, the count that is to come has it.
    if (this.#count === undefined) return
    this.#count += 1
    if (this.#count > this.#retention.events && !this.#isSoon) this.#lookIn(PAUSE_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#clock.clearTimeout(this.#timer)
  }

  #lookIn(ms: number): void {
    this.#clock.clearTimeout(this.#timer)
    this.#isSoon = ms <= PAUSE_MS
    this.#timer = this.#clock.setTimeout(() => this.#look(), ms)
  }

  #look(): void {
    if (this.#isClosed) return
    const { age } = this.#retention
    const pause = Math.max(SHORTEST_LOOK_MS, Math.min(age * 10, LONGEST_LOOK_MS))
    try {
      const isAll = this.#prune() < PIECE
      this.#lookIn(isAll ? pause : NEXT_PIECE_MS)
    } catch (error) {
      this.#onTrouble(error)
      this.#lookIn(TROUBLE_MS)
      // The next commit is not to bring the same trouble.
      this.#isSoon = true
    }
  }

  #prune(): number {
    const { events, age } = this.#retention
    this.#count ??= this.#store.countEvents()
    const oldest = this.#clock.now().getTime() - age * 1_000
    const pruned = this.#store.pruneEvents({
      surplus: this.#count - events,
      before: Number.isFinite(oldest) ? new Date(Math.max(oldest, 0)).toISOString() : '',
      limit: PIECE,
    })
    this.#count -= pruned
    return pruned
  }
}
