import { Observable, type Observer, type Subscription } from 'rxjs'

/** An Observable whose consumers cannot throw into the engine: what one throws is logged, and the others hear on. */
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
    const observer = typeof next === 'function' ? { next, error, complete } : (next ?? {})
    return super.subscribe({
      next: (value) => this.#guarded(() => observer.next?.(value)),
      error: (reason) => this.#guarded(() => observer.error?.(reason)),
      complete: () => this.#guarded(() => observer.complete?.()),
    })
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.onConsumerError(error)
    }
  }
}
