import { StoreError } from '../errors.ts'
import type { EngineEvent } from '../types.ts'
import type { Commit } from './records.ts'
import type { Store } from './store.ts'

/** How long a commit that failed waits to be tried again, when nothing new is written meanwhile. */
const RETRY_MS = 1_000

/** A commit, and who is to be told once it is on disk. */
export interface JournalEntry {
  commit: Commit
  told: (event: EngineEvent | undefined) => void
}

/**
 * Commit before tell. Transitions of one turn of the event loop go to disk in one transaction, in their order;
 * then each is told. Effects wait on `committed`, so that intent is on disk before the world changes.
 */
export class Journal {
  readonly #store: Store
  readonly #onTrouble: (error: StoreError) => void
  #queue: JournalEntry[] = []
  #flush: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined

  constructor(store: Store, onTrouble: (error: StoreError) => void) {
    this.#store = store
    this.#onTrouble = onTrouble
  }

  append(entry: JournalEntry): void {
    this.#queue.push(entry)
    this.#schedule()
  }

  /** Resolves once everything appended so far is on disk. Rejects with StoreError where it cannot be written. */
  committed(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return this.#schedule()
  }

  /** Writes what is left; throws StoreError where that fails. */
  async close(): Promise<void> {
    clearTimeout(this.#retry)
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

  #write(): void {
    this.#flush = undefined
    const entries = this.#queue
    let events: (EngineEvent | undefined)[]
    try {
      events = this.#store.commit(entries.map((entry) => entry.commit))
    } catch (error) {
      // Nothing is dropped and nothing is told: the same entries are written, in order, when the disk allows.
      this.#retryLater()
      const trouble = error instanceof StoreError ? error : new StoreError(String(error), { cause: error })
      this.#onTrouble(trouble)
      throw trouble
    }
    this.#queue = []
    entries.forEach((entry, index) => {
      entry.told(events[index])
    })
  }

  #retryLater(): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#schedule(), RETRY_MS)
    this.#retry.unref()
  }
}
