import { setImmediate } from 'node:timers/promises'
import { type Observable, type Observer, Subject } from 'rxjs'
import { EngineClosedError } from '../errors.ts'
import { GuardedObservable } from '../guarded-observable.ts'
import type { EngineEvent, EventStream } from '../types.ts'
import type { Store } from './store.ts'

/** Events read from the store at a time, so that a long replay keeps memory flat. */
const PAGE = 500

/** Events that can also be iterated. */
abstract class Events extends GuardedObservable<EngineEvent> implements AsyncIterable<EngineEvent> {
  abstract [Symbol.asyncIterator](): AsyncIterator<EngineEvent>
}

/** The live stream of one engine over its store. */
export class StoredEventStream extends Events implements EventStream {
  readonly #store: Store
  readonly #live: Subject<EngineEvent>
  #hasEnded = false

  constructor(store: Store, onConsumerError: (error: unknown) => void) {
    const live = new Subject<EngineEvent>()
    super(onConsumerError, (observer) => {
      const subscription = live.subscribe(observer)
      return () => subscription.unsubscribe()
    })
    this.#store = store
    this.#live = live
  }

  /** Tells everyone of what has just been committed. */
  tell(event: EngineEvent): void {
    this.#live.next(event)
  }

  /** Completes every subscription; the store is still open, so that whoever has kept up hears of everything. */
  end(): void {
    this.#live.complete()
    this.#hasEnded = true
  }

  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent> {
    return new EventsSince(this.#store, this.#live, seq, this.onConsumerError)
  }

  *past(seq: number): Iterable<EngineEvent> {
    let after = seq
    for (;;) {
      if (this.#hasEnded) throw new EngineClosedError()
      const page = this.#store.eventsAfter(after, PAGE)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = last.seq
    }
  }

  override [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return this.since(this.#store.lastSeq)[Symbol.asyncIterator]()
  }
}

/**
 * Replay, then live. Both are read from the store by number; the live stream only says that there is more. So
 * a slow reader holds nothing in memory, and between the two there is no gap and no repeat.
 */
class EventsSince extends Events {
  readonly #store: Store
  readonly #live: Subject<EngineEvent>
  readonly #seq: number

  constructor(
    store: Store,
    live: Subject<EngineEvent>,
    seq: number,
    onConsumerError: (error: unknown) => void,
  ) {
    super(onConsumerError, (observer) => {
      const reader = this[Symbol.asyncIterator]()
      void pump(reader, observer)
      return () => void reader.return?.()
    })
    this.#store = store
    this.#live = live
    this.#seq = seq
  }

  override [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return follow(this.#store, this.#live, this.#seq)
  }
}

async function pump(reader: AsyncIterator<EngineEvent>, observer: Observer<EngineEvent>): Promise<void> {
  try {
    for (let step = await reader.next(); !step.done; step = await reader.next()) observer.next(step.value)
    observer.complete()
  } catch (error) {
    observer.error(error)
  }
}

/** It ends with the engine: after the last event, or, where that is further away than a page, at the end of one. */
function follow(store: Store, live: Subject<EngineEvent>, seq: number): AsyncIterator<EngineEvent> {
  let after = seq
  let page: EngineEvent[] = []
  let ended = false
  let wake = (): void => {}
  const subscription = live.subscribe({
    next: () => wake(),
    complete: () => {
      ended = true
      page.push(...lastPage(store, page.at(-1)?.seq ?? after))
      wake()
    },
  })
  const finish = (): IteratorReturnResult<undefined> => {
    ended = true
    subscription.unsubscribe()
    wake()
    return { done: true, value: undefined }
  }
  return {
    async next() {
      for (;;) {
        const event = page.shift()
        if (event !== undefined) {
          after = event.seq
          return { done: false, value: event }
        }
        if (ended) return finish()
        page = store.eventsAfter(after, PAGE)
        // A long replay leaves others their turn.
        if (page.length === PAGE) await setImmediate()
        if (page.length > 0) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async return() {
      return finish()
    },
  }
}

/** Nothing where the store is closed already, or fails: the rest is there for whoever asks the next engine. */
function lastPage(store: Store, after: number): EngineEvent[] {
  try {
    return store.eventsAfter(after, PAGE)
  } catch {
    return []
  }
}
