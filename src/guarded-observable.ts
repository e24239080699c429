import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs'

/**
 * An Observable whose consumers cannot throw into the engine: what one throws is logged, and the others hear on. The
 * same holds for what its operators make of it.
 */
export class GuardedObservable<Value> extends Observable<Value> {
  readonly onConsumerError: (error: unknown) => void

  constructor(
    onConsumerError: (error: unknown) => void,
    live: (to: Observer<Value>) => (() => void) | undefined,
  ) {
    super((subscriber) => live(subscriber))
    this.onConsumerError = onConsumerError
  }

  /** rxjs turns a throwing consumer into an uncaught exception of the whole process. */
  override subscribe(
    next?: Partial<Observer<Value>> | ((value: Value) => void) | null,
    error?: ((reason: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own: what it throws is told further down, and leaving it must be leaving this.
    if (next instanceof Subscriber) return super.subscribe(next)
    const observer = typeof next === 'function' ? { next, error, complete } : (next ?? {})
    return super.subscribe({
      next: (value) => this.#guarded(() => observer.next?.(value)),
      error: (reason) => this.#guarded(() => tellError(observer.error?.bind(observer), reason)),
      complete: () => this.#guarded(() => observer.complete?.()),
    })
  }

  /** rxjs makes what an operator gives by this. */
  override lift<Result>(operator?: Operator<Value, Result>): Observable<Result> {
    const lifted = new GuardedObservable<Result>(this.onConsumerError, () => undefined)
    lifted.source = this
    lifted.operator = operator
    return lifted
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.onConsumerError(error)
    }
  }
}

/** An error that nobody takes is a consumer's own. */
function tellError(take: ((reason: unknown) => void) | null | undefined, reason: unknown): void {
  if (take == null) throw reason
  take(reason)
}

/** What can be read in an order of its own by each who asks: by iterating, or by being told at their own pace. */
export class ReadObservable<Value> extends GuardedObservable<Value> implements AsyncIterable<Value> {
  readonly #read: () => AsyncIterator<Value>

  constructor(onConsumerError: (error: unknown) => void, read: () => AsyncIterator<Value>) {
    super(onConsumerError, (observer) => {
      const reader = read()
      void pump(reader, observer)
      return () => void reader.return?.()
    })
    this.#read = read
  }

  [Symbol.asyncIterator](): AsyncIterator<Value> {
    return this.#read()
  }
}

async function pump<Value>(reader: AsyncIterator<Value>, observer: Observer<Value>): Promise<void> {
  try {
    for (let step = await reader.next(); !step.done; step = await reader.next()) observer.next(step.value)
    observer.complete()
  } catch (error) {
    observer.error(error)
  }
}
