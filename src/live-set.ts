import { Subject } from 'rxjs'
import { GuardedObservable } from './guarded-observable.ts'
import type { ContainerInfo, LiveContainers } from './types.ts'

/** A set of containers as it is now. It is put together only where somebody looks. */
export class LiveSet extends GuardedObservable<readonly ContainerInfo[]> implements LiveContainers {
  readonly #current: () => Iterable<ContainerInfo>
  readonly #changes: Subject<readonly ContainerInfo[]>
  #value: readonly ContainerInfo[] | undefined
  #isTelling = false
  #hasEnded = false

  constructor(current: () => Iterable<ContainerInfo>, onConsumerError: (error: unknown) => void) {
    const changes = new Subject<readonly ContainerInfo[]>()
    super(onConsumerError, (observer) => {
      observer.next(this.value)
      const subscription = changes.subscribe(observer)
      return () => subscription.unsubscribe()
    })
    this.#current = current
    this.#changes = changes
  }

  get value(): readonly ContainerInfo[] {
    this.#value ??= Object.freeze([...this.#current()])
    return this.#value
  }

  /** Something may have changed; whoever follows is told once for all changes of one turn. */
  changed(): void {
    if (this.#hasEnded) return
    this.#value = undefined
    if (this.#isTelling || !this.#changes.observed) return
    this.#isTelling = true
    setImmediate(() => this.#tell())
  }

  /** The last value stays, and there are no others. */
  end(): void {
    this.#tell()
    this.#hasEnded = true
    this.#changes.complete()
  }

  /** The last value stays, and it may be out of date from now on. */
  fail(error: unknown): void {
    this.#tell()
    this.#hasEnded = true
    this.#changes.error(error)
  }

  #tell(): void {
    const isNews = this.#isTelling && !this.#hasEnded
    this.#isTelling = false
    if (isNews) this.#changes.next(this.value)
  }
}
