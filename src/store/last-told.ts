import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

/** Room for every whole number that JavaScript tells apart. */
const WIDTH = 16

/**
 * The number of the newest event that was told since the machine was started, kept in the run root: where an older
 * copy of the store is put back, numbers still do not go back. What cannot be kept here is no obstacle.
 */
export class LastTold {
  readonly #onTrouble: (error: unknown) => void
  #fd: number | undefined

  constructor(path: string, onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
    this.#attempt(() => {
      this.#fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    })
  }

  /** 0 where there is none. */
  read(): number {
    const buffer = Buffer.alloc(WIDTH)
    this.#attempt(() => this.#fd !== undefined && readSync(this.#fd, buffer, 0, WIDTH, 0))
    const text = buffer.toString('latin1')
    return /^\d+$/.test(text) ? Number(text) : 0
  }

  /** In place: a full disk takes that as well. */
  write(seq: number): void {
    const line = `${String(seq).padStart(WIDTH, '0')}\n`
    this.#attempt(() => this.#fd !== undefined && writeSync(this.#fd, line, 0))
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #attempt(work: () => unknown): void {
    try {
      work()
    } catch (error) {
      this.close()
      this.#onTrouble(error)
    }
  }
}
