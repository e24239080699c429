import type { OutputPiece } from './packets.ts'

/**
 * Output on its way to one reader. It takes what comes at once, so that nobody waits for the reader, and is
 * bounded: what does not fit ends it.
 */
export class OutputQueue implements AsyncIterable<OutputPiece> {
  readonly #limit: number
  readonly #onRead: (bytes: number) => void
  #pieces: OutputPiece[] = []
  #bytes = 0
  #end: { error: unknown } | undefined
  #wake = Promise.withResolvers<void>()

  /** `limit` in bytes. `onRead` hears how many are left whenever a piece has been read. */
  constructor(limit: number, onRead: (bytes: number) => void = () => {}) {
    this.#limit = limit
    this.#onRead = onRead
  }

  /** How much waits to be read. */
  get bytes(): number {
    return this.#bytes
  }

  /** False where it does not fit; nothing more is taken then. */
  push(piece: OutputPiece): boolean {
    if (this.#end !== undefined) return true
    if (this.#bytes + piece.data.length > this.#limit) return false
    this.#pieces.push(piece)
    this.#bytes += piece.data.length
    this.#wake.resolve()
    return true
  }

  /** No more comes; `error`, where given, is thrown after the last piece. */
  end(error?: unknown): void {
    this.#end ??= { error }
    this.#wake.resolve()
  }

  /** Drops what nobody will read. */
  clear(): void {
    this.#pieces = []
    this.#bytes = 0
  }

  /** Leaving the loop ends nothing; another goes on where it was. */
  [Symbol.asyncIterator](): AsyncIterator<OutputPiece> {
    return { next: () => this.#next() }
  }

  async #next(): Promise<IteratorResult<OutputPiece>> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#bytes -= piece.data.length
        this.#onRead(this.#bytes)
        return { done: false, value: piece }
      }
      if (this.#end !== undefined) return finish(this.#end.error)
      this.#wake = Promise.withResolvers<void>()
      await this.#wake.promise
    }
  }
}

function finish(error: unknown): IteratorReturnResult<undefined> {
  if (error !== undefined) throw error
  return { done: true, value: undefined }
}
