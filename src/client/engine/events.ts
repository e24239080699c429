import type { Observable } from 'rxjs'
import { GuardedObservable, ReadObservable } from '../../guarded-observable.ts'
import type { EngineEvent, EventFilter } from '../../types.ts'
import type { Client } from '../client.ts'
import { beforeNextLook, isLost, type Mirror } from './mirror.ts'
import type { RemoteEvents } from './types.ts'

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
    // Each who reads follows on a connection of its own.
    return new ReadObservable(this.onConsumerError, () => this.#follow(seq))
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
      await beforeNextLook(signal)
    }
  }
}
