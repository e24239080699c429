import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

/** Room for every whole number that JavaScript tells apart. */
const WIDTH = 16

/**
 * The number of the newest event that was told, kept beside the store and in the run root, of which the one may be put
 * back to what it was, and the other goes with the boot: where an older copy of the store is put back, numbers still
 * do not go back. What cannot be kept here is no obstacle.
 */
export class LastTold {
  readonly #onTrouble: (error: unknown) => void
  readonly #fds = new Set<number>()

  constructor(paths: readonly string[], onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
    for (const path of paths) {
      this.#attempt(() => this.#fds.add(openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)))
    }
  }

  /** 0 where there is none. */
  read(): number {
    const numbers = [...this.#fds].map((fd) => {
      const buffer = Buffer.alloc(WIDTH)
      this.#attempt(() => readSync(fd, buffer, 0, WIDTH, 0), fd)
      const text = buffer.toString('latin1')
      return /^\d+$/.test(text) ? Number(text) : 0
    })
    return Math.max(0, ...numbers)
  }

  /** In place: a full disk takes that as well. */
  write(seq: number): void {
    const line = `${String(seq).padStart(WIDTH, '0')}\n`
    for (const fd of this.#fds) this.#attempt(() => writeSync(fd, line, 0), fd)
  }

  close(): void {
    for (const fd of this.#fds) closeSync(fd)
    this.#fds.clear()
  }

  #attempt(work: () => unknown, fd?: number): void {
    try {
      work()
    } catch (error) {
      if (fd !== undefined && this.#fds.delete(fd)) closeSync(fd)
      this.#onTrouble(error)
    }
  }
}
