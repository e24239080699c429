import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import type { EngineEvent, EventsDropped } from '../../types.ts'
import type { Store } from '../store.ts'
import type { EventTest } from './filter.ts'

/** Events read from the store at a time, so that a long replay keeps memory flat. */
const PAGE = 500

/**
 * Reads events by their numbers, a page at a time. What it has asked for and retention has given up is told in its place.
 */
export class EventCursor {
  readonly #store: Store
  readonly #test: EventTest
  #after: number
  #isFull = false

  /** @throws InvalidInputError where `after` is no number of an event, nor 0 */
  constructor(store: Store, after: number, test: EventTest) {
    if (!Number.isSafeInteger(after) || after < 0) {
      throw new InvalidInputError(`invalid number ${quote(after)} of an event`, {
        hint: 'give the seq of the last event that is known, or 0 for all',
      })
    }
    this.#store = store
    this.#after = after
    this.#test = test
  }

  /** Whether the last page was a full one, so that more is to be expected. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** What comes next, of what the test lets through, which may be nothing; undefined where no more is on record. */
  next(): EngineEvent[] | undefined {
    const dropped = this.#skip()
    const read = this.#store.eventsAfter(this.#after, PAGE)
    this.#isFull = read.length === PAGE
    this.#after = read.at(-1)?.seq ?? this.#after
    if (dropped === undefined && read.length === 0) return undefined
    // What is missing may well be what was asked for: no filter takes that away.
    const page = read.filter(this.#test)
    return dropped === undefined ? page : [dropped, ...page]
  }

  /** Goes on behind what is missing. */
  #skip(): EventsDropped | undefined {
    const { prunedSeq } = this.#store
    if (prunedSeq <= this.#after) return undefined
    const from = this.#after + 1
    this.#after = prunedSeq
    return {
      version: 1,
      seq: prunedSeq,
      at: new Date().toISOString(),
      ...{ containerId: null, name: null, generation: null },
      type: 'dropped',
      ...{ from, to: prunedSeq, resumeFrom: prunedSeq },
    }
  }
}
