import { setTimeout as delay } from 'node:timers/promises'
import type { Observable, Observer } from 'rxjs'
import { GuardedObservable } from '../../guarded-observable.ts'
import type { EngineEvent, EventFilter } from '../../types.ts'
import type { Client } from '../client.ts'
import { isLost, type Mirror } from './mirror.ts'
import type { RemoteEvents } from './types.ts'

/** Between two looks for an owner where there is none. */
const RETRY_MS = 100

/** The events of an owner, and of those that follow it; with a filter, without what that leaves out. */
export class OwnerEvents extends GuardedObservable<EngineEvent> implements RemoteEvents {
  readonly #client: Client
  readonly #mirror: Mirror
  readonly #filter: EventFilter | undefined

  constructor(
    client: Client,
    mirror: Mirror,
    onConsumerError: (error: unknown) => void,
    filter?: EventFilter,
  ) {
    super(onConsumerError, (observer) => {
      // What a filter lets through only the owner can tell: labels are the containers', which may be gone.
      const live = filter === undefined ? mirror.events : this.since(mirror.seq)
      const subscription = live.subscribe(observer)
      return () => subscription.unsubscribe()
    })
    this.#client = client
    this.#mirror = mirror
    this.#filter = filter
  }

  get last(): number {
    return this.#mirror.seq
  }

  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent> {
    return new EventsSince(() => this.#follow(seq), this.onConsumerError)
  }

  past(seq: number): AsyncIterable<EngineEvent> {
    return this.#client.events({ since: seq, filter: this.#filter, signal: this.#mirror.closed })
  }

  filter(filter: EventFilter): RemoteEvents {
    return new OwnerEvents(this.#client, this.#mirror, this.onConsumerError, filter)
  }

  [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return this.#follow(this.#mirror.seq)
  }

  async *#follow(seq: number): AsyncGenerator<EngineEvent> {
    const signal = this.#mirror.closed
    let since = seq
    while (!signal.aborted) {
      try {
        const options = { since, follow: true, filter: this.#filter, signal }
        for await (const event of this.#client.events(options)) {
          since = event.seq
          yield event
        }
      } catch (error) {
        if (!signal.aborted && !isLost(error)) throw error
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

/** Each who subscribes, or iterates, follows on a connection of its own. */
class EventsSince extends GuardedObservable<EngineEvent> implements AsyncIterable<EngineEvent> {
  readonly #follow: () => AsyncGenerator<EngineEvent>

  constructor(follow: () => AsyncGenerator<EngineEvent>, onConsumerError: (error: unknown) => void) {
    super(onConsumerError, (observer) => {
      const events = follow()
      void pump(events, observer)
      return () => void events.return(undefined)
    })
    this.#follow = follow
  }

  [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return this.#follow()
  }
}

async function pump(events: AsyncIterable<EngineEvent>, observer: Observer<EngineEvent>): Promise<void> {
  try {
    for await (const event of events) observer.next(event)
    observer.complete()
  } catch (error) {
    observer.error(error)
  }
}
