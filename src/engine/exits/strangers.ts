import type { Logger } from 'pino'
import { removeStrangeFile } from '../../../effects/exits/file.ts'

/** How many are removed before the event loop gets its turn; some milliseconds' worth. */
const SLICE = 200
/** How many are named in the log. */
const NAMED = 3

/**
 * Files in the exits directory that no run has any business with. They are taken away, or chokidar would look at each
 * of them again and again; and slowly, since twenty thousand of them must not hold up the exits of containers.
 */
export class Strangers {
  readonly #dir: string
  readonly #isExpected: (id: string) => boolean
  readonly #logger: Logger
  /** Their names, and whose they would be. */
  readonly #ids = new Map<string, string>()
  #removal: Promise<void> | undefined

  /** `isExpected` tells whether a container may yet have an exit file. */
  constructor(dir: string, isExpected: (id: string) => boolean, logger: Logger) {
    this.#dir = dir
    this.#isExpected = isExpected
    this.#logger = logger
  }

  /** Has one taken away soon. */
  add(name: string, id: string): void {
    this.#ids.set(name, id)
  }

  /** Resolves once all that were added have been taken away, but for those that are no exit files, or will not go. */
  remove(): Promise<void> {
    this.#removal ??= this.#remove().finally(() => {
      this.#removal = undefined
    })
    return this.#removal
  }

  /** Leaves the rest where they are. */
  close(): void {
    this.#ids.clear()
  }

  async #remove(): Promise<void> {
    const gone: string[] = []
    while (this.#ids.size > 0) {
      await new Promise(setImmediate)
      gone.push(...this.#removeSlice())
    }
    const count = gone.length
    if (count === 0) return
    this.#logger.warn({ count, names: gone.slice(0, NAMED) }, 'exit files of no run were removed')
  }

  #removeSlice(): string[] {
    const gone: string[] = []
    let looked = 0
    for (const [name, id] of this.#ids) {
      this.#ids.delete(name)
      // It may have been started again meanwhile.
      if (!this.#isExpected(id) && this.#removeOne(name)) gone.push(name)
      looked += 1
      if (looked === SLICE) break
    }
    return gone
  }

  #removeOne(name: string): boolean {
    try {
      return removeStrangeFile(this.#dir, name)
    } catch (error) {
      this.#logger.debug({ err: error }, 'a file of no run could not be removed')
      return false
    }
  }
}
