import { Subject } from 'rxjs'
import { GuardedObservable } from '../../guarded-observable.ts'
import type { ContainerRow } from '../../store/records.ts'
import type { ContainerInfo, LiveContainers } from '../../types.ts'
import type { Supervisor } from '../supervisor.ts'
import { containerInfo } from './info.ts'

/** The set of containers as it is now. It is put together only where somebody looks. */
export class ContainerSet extends GuardedObservable<readonly ContainerInfo[]> implements LiveContainers {
  readonly #current: () => Iterable<Supervisor>
  readonly #changes: Subject<readonly ContainerInfo[]>
  /** One of each row, so that a container that has not changed is the same object as before. */
  readonly #known = new WeakMap<ContainerRow, ContainerInfo>()
  #value: readonly ContainerInfo[] | undefined
  #isTelling = false
  #hasEnded = false

  constructor(current: () => Iterable<Supervisor>, onConsumerError: (error: unknown) => void) {
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
    this.#value ??= Object.freeze(Array.from(this.#current(), (supervisor) => this.#info(supervisor)))
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

  /** The engine has closed: the last value stays, and there are no others. */
  end(): void {
    this.#tell()
    this.#hasEnded = true
    this.#changes.complete()
  }

  #tell(): void {
    const isNews = this.#isTelling && !this.#hasEnded
    this.#isTelling = false
    if (isNews) this.#changes.next(this.value)
  }

  #info(supervisor: Supervisor): ContainerInfo {
    const known = this.#known.get(supervisor.row)
    if (known !== undefined) return known
    const info = Object.freeze(containerInfo(supervisor))
    this.#known.set(supervisor.row, info)
    return info
  }
}
