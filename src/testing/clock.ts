import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { InvalidInputError } from '../errors.ts'

interface Timer {
  at: number
  work: () => void
}

/** A time that stands still until it is told to pass. */
export class VirtualClock implements Clock {
  #now: number
  #last = 0
  readonly #timers = new Map<number, Timer>()

  constructor(startsAt: Date) {
    this.#now = startsAt.getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  setTimeout(work: () => void, ms: number): number {
    this.#last += 1
    this.#timers.set(this.#last, { at: this.#now + Math.max(ms, 0), work })
    return this.#last
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  /**
   * Lets time pass: each timer that becomes due is run at its own instant, and whatever follows from it comes as far as
   * it can before the next one.
   *
   * @throws InvalidInputError for what is no number of milliseconds
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) {
      throw new InvalidInputError(`time cannot pass by ${ms} ms`, { hint: 'give milliseconds, 0 or more' })
    }
    const until = this.#now + ms
    await this.settle()
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      const [id, { at, work }] = next
      this.#timers.delete(id)
      this.#now = Math.max(this.#now, at)
      work()
      await this.settle()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** Resolves once everything that is under way has come as far as it can without time passing. */
  async settle(): Promise<void> {
    // What an engine does between two timers are promises; some of them wait for a turn of the event loop.
    for (let turns = 0; turns < TURNS; turns += 1) await turn()
  }

  /** Resolves when that time has passed. Rejects with the signal's reason. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const abort = (): void => {
        this.clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = this.setTimeout(() => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** The earliest timer up to that time; of several, the one that was set first. */
  #next(until: number): [number, Timer] | undefined {
    let next: [number, Timer] | undefined
    for (const entry of this.#timers) {
      if (entry[1].at <= until && (next === undefined || entry[1].at < next[1].at)) next = entry
    }
    return next
  }
}

const TURNS = 3
