import type { FollowLine } from '../../../api/wire.ts'
import { readLines } from './lines.ts'

/** How things are with the owner. `locked`: the token is missing, or is another owner's. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'locked'

/** What a {@link Feed} needs of the world. */
export interface FeedOptions {
  /** Asks for `/v1/follow` from after that event. Throws LockedError where the token is not taken. */
  connect: (since: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  /** The number of the newest event that was taken. */
  seq: () => number
  take: (line: FollowLine) => void
  changed: (connection: Connection) => void
  wait: (ms: number) => Promise<void>
}

/** The owner does not take the token. */
export class LockedError extends Error {}

/** Milliseconds before a lost connection is made anew; twice as many after each failure, up to the most. */
const FIRST_WAIT = 250
const MOST_WAIT = 5_000

/**
 * Follows an owner, over as many connections as it takes. Each goes on after the last event that was taken, so that none
 * is missed; the fleet takes none twice.
 */
export class Feed {
  readonly #options: FeedOptions
  #current: AbortController | undefined
  #isPaused = false
  #wake: () => void = () => {}
  #pause = FIRST_WAIT

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Runs until the owner does not take the token. */
  async run(): Promise<void> {
    this.#options.changed('connecting')
    for (;;) {
      if (this.#isPaused) await new Promise<void>((resolve) => (this.#wake = resolve))
      try {
        await this.#follow()
      } catch (error) {
        if (error instanceof LockedError) {
          this.#options.changed('locked')
          return
        }
      }
      this.#options.changed('reconnecting')
      if (this.#isPaused) continue
      await this.#options.wait(this.#pause)
      this.#pause = Math.min(MOST_WAIT, this.#pause * 2)
    }
  }

  /** Gives the connection up for as long as nobody looks: a browser has few for each server. */
  pause(): void {
    this.#isPaused = true
    this.#current?.abort()
  }

  resume(): void {
    this.#isPaused = false
    this.#pause = FIRST_WAIT
    this.#wake()
  }

  async #follow(): Promise<void> {
    this.#current = new AbortController()
    const { connect, seq, take, changed } = this.#options
    const stream = await connect(seq(), this.#current.signal)
    for await (const lines of readLines(stream)) {
      for (const line of lines) take(JSON.parse(line) as FollowLine)
      this.#pause = FIRST_WAIT
      changed('live')
    }
  }
}
