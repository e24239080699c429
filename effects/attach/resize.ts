import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { AttachError, RunchartError } from '../errors.ts'

/** A terminal's size, in characters. */
export interface TerminalSize {
  columns: number
  rows: number
}

/** conmon refuses more. */
const MAX_CELLS = 1_000
/** conmon 2.1.6 takes only the first of several lines that it finds together. */
const PACE_MS = 20
/** Long enough that a busy conmon has read what came before. */
const REPEAT_MS = 250

/**
 * The line by which conmon is told of a size; a larger terminal is told as the largest that conmon knows.
 *
 * @throws RunchartError `EINPUT`
 */
export function resizeLine({ columns, rows }: TerminalSize): string {
  for (const count of [columns, rows]) {
    if (Number.isSafeInteger(count) && count > 0) continue
    throw new RunchartError('EINPUT', `${columns} columns and ${rows} rows are no size of a terminal`, {
      hint: 'give two whole numbers above 0',
    })
  }
  return `1 ${Math.min(rows, MAX_CELLS)} ${Math.min(columns, MAX_CELLS)}\n`
}

/** Tells sizes to one container's conmon, at a pace that it can follow: of several that come together the last. */
export class Resizer {
  readonly #path: string
  readonly #containerId: string
  #newest: string | undefined
  #work: Promise<void> | undefined
  #repetition: NodeJS.Timeout | undefined

  /** `path` is conmon's `ctl` FIFO. */
  constructor(path: string, containerId: string) {
    this.#path = path
    this.#containerId = containerId
  }

  /**
   * Resolves when conmon has been told of this size, or of a later one.
   *
   * @throws RunchartError `EINPUT` for what is no size
   * @throws AttachError `EATTACHENDED` where conmon is gone
   */
  async resize(size: TerminalSize): Promise<void> {
    this.#newest = resizeLine(size)
    clearTimeout(this.#repetition)
    this.#work ??= this.#tellNewest().finally(() => {
      this.#work = undefined
    })
    await this.#work
  }

  async #tellNewest(): Promise<void> {
    for (let told = 1; this.#newest !== undefined; told += 1) {
      const line = this.#newest
      this.#newest = undefined
      this.#tell(line)
      await delay(PACE_MS)
      if (told > 1) this.#repeat(line)
    }
  }

  /** The last of several is said twice, should conmon have been slow: the same size again changes nothing. */
  #repeat(line: string): void {
    clearTimeout(this.#repetition)
    this.#repetition = setTimeout(() => {
      try {
        this.#tell(line)
      } catch {
        // It is gone by now.
      }
    }, REPEAT_MS).unref()
  }

  #tell(line: string): void {
    try {
      const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants
      const fd = openSync(this.#path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
      try {
        writeSync(fd, line)
      } finally {
        closeSync(fd)
      }
    } catch (cause) {
      const message = `the terminal of container ${this.#containerId} was not resized: ${(cause as Error).message}`
      throw new AttachError('EATTACHENDED', message, {
        containerId: this.#containerId,
        cause,
        hint: 'it has exited, or its conmon does not answer',
      })
    }
  }
}
