import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { RunchartError } from '../errors.ts'
import type { Engine } from '../types.ts'

/** Errors that mean that the container is gone already. */
const GONE = new Set(['ENOTFOUND', 'EREMOVED'])

/**
 * Containers that are to be removed when they have exited: whoever asked for it may be gone by then, and so may
 * this owner, so each is noted in the root for the next one.
 */
export class AutoRemoval {
  readonly #engine: Engine
  readonly #logger: FastifyBaseLogger
  readonly #closing: AbortSignal
  readonly #directory: string
  /** By container: how many read its output, and what waits for the last of them. */
  readonly #readers = new Map<string, { count: number; waiting: (() => void)[] }>()

  constructor(engine: Engine, logger: FastifyBaseLogger, closing: AbortSignal) {
    this.#engine = engine
    this.#logger = logger
    this.#closing = closing
    this.#directory = join(engine.root, 'auto-remove')
  }

  /** Takes over what an earlier owner noted. */
  async resume(): Promise<void> {
    const ids = await readdir(this.#directory).catch(() => [])
    for (const id of ids) void this.#watch(id)
  }

  async add(id: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeFile(this.#note(id), '')
    void this.#watch(id)
  }

  /**
   * Keeps a container's log while somebody reads it.
   *
   * @returns a function that says that the reading has ended
   */
  hold(id: string): () => void {
    const readers = this.#readers.get(id) ?? { count: 0, waiting: [] }
    this.#readers.set(id, readers)
    readers.count += 1
    return () => {
      readers.count -= 1
      if (readers.count > 0) return
      this.#readers.delete(id)
      for (const resolve of readers.waiting) resolve()
    }
  }

  /** Never rejects. */
  async #watch(id: string): Promise<void> {
    try {
      const container = this.#engine.get(id)
      await container.wait({ signal: this.#closing })
      await this.#unread(id)
      await container.remove({ signal: this.#closing })
    } catch (error) {
      // The next owner goes on.
      if (this.#closing.aborted) return
      if (!(error instanceof RunchartError && GONE.has(error.code))) {
        this.#logger.warn({ err: error, containerId: id }, 'a container was not removed after its exit')
      }
    }
    await rm(this.#note(id), { force: true }).catch(() => {})
  }

  async #unread(id: string): Promise<void> {
    const readers = this.#readers.get(id)
    if (readers !== undefined) await new Promise<void>((resolve) => readers.waiting.push(resolve))
  }

  #note(id: string): string {
    return join(this.#directory, id)
  }
}
