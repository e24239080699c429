import { setImmediate } from 'node:timers/promises'
import { filter, type Observable, Subject } from 'rxjs'
import { EngineClosedError } from '../errors.ts'
import { GuardedObservable, ReadObservable } from '../guarded-observable.ts'
import type { EngineEvent, EventFilter, EventStream } from '../types.ts'
import { EventCursor } from './events/cursor.ts'
import { type EventTest, eventTest } from './events/filter.ts'
import type { Store } from './store.ts'

/** What every stream of one engine is taken from. */
interface EventSource {
  store: Store
  live: Subject<EngineEvent>
  hasEnded: boolean
  onConsumerError: (error: unknown) => void
}

/** Those events of a source that a test lets through. */
class TestedEvents extends GuardedObservable<EngineEvent> implements EventStream {
  readonly #source: EventSource
  readonly #test: EventTest

  constructor(source: EventSource, test: EventTest) {
    super(source.onConsumerError, (observer) => {
      const subscription = source.live.pipe(filter(test)).subscribe(observer)
      return () => subscription.unsubscribe()
    })
    this.#source = source
    this.#test = test
  }

  get last(): number {
    return this.#source.store.lastSeq
  }

  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent> {
    return since(this.#source, this.#test, seq)
  }

  past(seq: number): Iterable<EngineEvent> {
    return pages(this.#source, new EventCursor(this.#source.store, seq, this.#test))
  }

  filter(wanted: EventFilter): EventStream {
    const { store } = this.#source
    const isWanted = eventTest(wanted, (id) => store.labels(id))
    return new TestedEvents(this.#source, (event) => this.#test(event) && isWanted(event))
  }

  [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return this.since(this.#source.store.lastSeq)[Symbol.asyncIterator]()
  }
}

/** The live stream of one engine over its store. */
export class StoredEventStream extends TestedEvents {
  readonly #source: EventSource

  constructor(store: Store, onConsumerError: (error: unknown) => void) {
    const source = { store, live: new Subject<EngineEvent>(), hasEnded: false, onConsumerError }
    super(source, () => true)
    this.#source = source
  }

  /** Tells everyone of what has just been committed. */
  tell(event: EngineEvent): void {
    this.#source.live.next(event)
  }

  /** Completes every subscription; the store is still open, so that whoever has kept up hears of everything. */
  end(): void {
    this.#source.live.complete()
    this.#source.hasEnded = true
  }
}

/**
 * Replay, then live. Both are read from the store by number; the live stream only says that there is more. So
 * a slow reader holds nothing in memory, and between the two there is no gap and no repeat.
 */
function since(source: EventSource, test: EventTest, seq: number): ReadObservable<EngineEvent> {
  // A number that is none is refused here, and not where it is read.
  void new EventCursor(source.store, seq, test)
  const read = () => follow(source.live, new EventCursor(source.store, seq, test))
  return new ReadObservable(source.onConsumerError, read)
}

function* pages(source: EventSource, cursor: EventCursor): Iterable<EngineEvent> {
  for (;;) {
    if (source.hasEnded) throw new EngineClosedError()
    const page = cursor.next()
    if (page === undefined) return
    yield* page
  }
}

/** It ends with the engine: after the last event, or, where that is further away than a page, at the end of one. */
function follow(live: Subject<EngineEvent>, cursor: EventCursor): AsyncIterator<EngineEvent> {
  let page: EngineEvent[] = []
  let ended = false
  let wake = (): void => {}
  const subscription = live.subscribe({
    next: () => wake(),
    complete: () => {
      ended = true
      page.push(...lastPage(cursor))
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
        if (event !== undefined) return { done: false, value: event }
        if (ended) return finish()
        const read = cursor.next()
        page = read ?? []
        // A long replay leaves others their turn.
        if (cursor.isFull) await setImmediate()
        if (read !== undefined) continue
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
function lastPage(cursor: EventCursor): EngineEvent[] {
  try {
    return cursor.next() ?? []
  } catch {
    return []
  }
}
