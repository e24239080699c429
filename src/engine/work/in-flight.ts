import { EngineClosedError } from '../../errors.ts'

/** Work that has begun and not ended. */
export class InFlight {
  readonly #work = new Set<Promise<unknown>>()

  get isEmpty(): boolean {
    return this.#work.size === 0
  }

  /** Gives the work back. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work)
    const forget = (): void => void this.#work.delete(work)
    work.then(forget, forget)
    return work
  }

  /** Resolves once what is under way now has ended, however it did. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#work)
  }
}

/** What callers have asked for: taken while the engine is open, and waited for when it closes. */
export class Commands extends InFlight {
  #isClosing = false

  /** Throws EngineClosedError once the engine is closing: it would not be finished. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosing) throw new EngineClosedError()
    return this.track(work())
  }

  close(): void {
    this.#isClosing = true
  }
}
