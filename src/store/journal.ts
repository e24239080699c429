import type { Clock } from '../clock.ts'
import { StoreError } from '../errors.ts'
import type { EngineEvent } from '../types.ts'
import { outlastLock } from './outlast-lock.ts'
import type { Commit } from './records.ts'
import type { Store } from './store.ts'

/** How long a commit that failed waits to be tried again, when nothing new is written meanwhile. */
const RETRY_MS = 1_000

/** A commit, and who is to be told once it is on disk. */
export interface JournalEntry {
  commit: Commit
  told: (event: EngineEvent | undefined) => void
  /** It could not be written. It will be, and told, when the disk allows; may come more than once. */
  refused?: ((error: StoreError) => void) | undefined
}

/**
 * Commit before tell. Transitions of one turn of the event loop go to disk in one transaction, in their order;
 * then each is told. Effects wait on `committed`, so that intent is on disk before the world changes.
 */
export class Journal {
  readonly #store: Pick<Store, 'commit'>
  readonly #clock: Clock
  readonly #onTrouble: (error: StoreError) => void
  #queue: JournalEntry[] = []
  #flush: Promise<void> | undefined
  #retry: unknown
  #onceWritten: (() => void)[] = []
  #isTroubled = false
  #isClosed = false

  constructor(store: Pick<Store, 'commit'>, clock: Clock, onTrouble: (error: StoreError) => void) {
    this.#store = store
    this.#clock = clock
    this.#onTrouble = onTrouble
  }

  /** Whether there is something that could not be written. */
  get isBehind(): boolean {
    return this.#isTroubled && this.#queue.length > 0
  }

  append(entry: JournalEntry): void {
    this.#queue.push(entry)
    this.#schedule()
  }

  /** Appends what would be worth nothing later: where it cannot be written now it is taken back, with StoreError. */
  async appendNow(entry: JournalEntry): Promise<void> {
    this.append(entry)
    try {
      await this.committed()
    } catch (error) {
      const index = this.#queue.indexOf(entry)
      // Another attempt may have succeeded meanwhile.
      if (index < 0) return
      this.#queue.splice(index, 1)
      throw error
    }
  }

  /** Resolves once everything appended so far is on disk. Rejects with StoreError where it cannot be written. */
  committed(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return this.#schedule()
  }

  /** Resolves once everything appended so far is on disk, however long that takes; never where it never is. */
  durable(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onceWritten.push(resolve))
  }

  /** Writes what is left; throws StoreError where that fails. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#clock.clearTimeout(this.#retry)
    await this.committed()
  }

  #schedule(): Promise<void> {
    if (this.#flush === undefined) {
      this.#flush = Promise.resolve().then(() => this.#write())
      // Whoever waits hears of it; where nobody does, the trouble was reported.
      this.#flush.catch(() => {})
    }
    return this.#flush
  }

  async #write(): Promise<void> {
    try {
      await outlastLock(() => this.#writeAll())
    } catch (error) {
      this.#flush = undefined
      throw this.#refuse(error)
    }
  }

  /** Takes the whole queue, what came while a lock was waited out included. */
  #writeAll(): void {
    const entries = this.#queue
    const events = this.#store.commit(entries.map((entry) => entry.commit))
    this.#flush = undefined
    this.#queue = []
    this.#isTroubled = false
    const waiting = this.#onceWritten
    this.#onceWritten = []
    entries.forEach((entry, index) => {
      entry.told(events[index])
    })
    for (const resolve of waiting) resolve()
  }

  /** Nothing is dropped and nothing is told: the same entries are written, in order, when the disk allows. */
  #refuse(error: unknown): StoreError {
    const trouble =
      error instanceof StoreError ? error : new StoreError(String(error), 'other', { cause: error })
    this.#isTroubled = true
    this.#retryLater()
    this.#onTrouble(trouble)
    for (const { refused } of [...this.#queue]) refused?.(trouble)
    return trouble
  }

  #retryLater(): void {
    this.#clock.clearTimeout(this.#retry)
    if (this.#isClosed) return
    this.#retry = this.#clock.setTimeout(() => void this.committed().catch(() => {}), RETRY_MS)
  }
}
