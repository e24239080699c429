import { setTimeout as delay } from 'node:timers/promises'
import { Subject } from 'rxjs'
import { RunchartError } from '../../../effects/errors.ts'
import { type FollowLine, SEQ_HEADER } from '../../api/wire.ts'
import { LiveSet } from '../../live-set.ts'
import type { ContainerInfo, EngineEvent } from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import { readLines } from '../streams.ts'
import type { Transport } from '../transport.ts'

/** Between two looks for an owner where there is none. */
const RETRY_MS = 100

/** What an owner has, as far as its events have come here. It goes on by itself with the next owner of the root. */
export class Mirror {
  readonly events = new Subject<EngineEvent>()
  readonly containers: LiveSet
  readonly #transport: Transport
  readonly #closing = new AbortController()
  readonly #infos = new Map<string, ContainerInfo>()
  readonly #waiting = new Set<() => void>()
  readonly #opened = Promise.withResolvers<void>()
  #seq: number | undefined
  /** Why it is no longer kept up. */
  #failure: unknown

  constructor(transport: Transport, onConsumerError: (error: unknown) => void) {
    this.#transport = transport
    this.containers = new LiveSet(() => this.#infos.values(), onConsumerError)
  }

  /** Resolves once it has the picture; rejects where nobody answers. */
  async open(signal?: AbortSignal): Promise<void> {
    this.#opened.promise.catch(() => {})
    void this.#follow()
    await unlessAborted(this.#opened.promise, signal)
  }

  /** The number of the newest event that is part of it. */
  get seq(): number {
    return this.#seq ?? 0
  }

  /** Aborted when it is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  get(id: string): ContainerInfo | undefined {
    return this.#infos.get(id)
  }

  all(): Iterable<ContainerInfo> {
    return this.#infos.values()
  }

  /** Resolves once an answer's events are part of it, so that whoever has asked sees what came of it. */
  async reached(seq: number, signal?: AbortSignal): Promise<void> {
    while (this.seq < seq && !this.closed.aborted) {
      if (this.#failure !== undefined) throw this.#failure
      await unlessAborted(new Promise<void>((resolve) => this.#waiting.add(resolve)), signal)
    }
  }

  close(): void {
    this.#closing.abort(new RunchartError('ECLOSED', 'the connection to the owner was closed here'))
    this.#wake()
    this.events.complete()
    this.containers.end()
  }

  async #follow(): Promise<void> {
    while (!this.closed.aborted) {
      try {
        const since = this.#seq === undefined ? '' : `?since=${this.#seq}`
        const call = { method: 'GET', path: `/v1/follow${since}`, signal: this.closed } as const
        for await (const line of readLines<FollowLine>(this.#transport, call)) this.#take(line)
      } catch (error) {
        // An owner that was there is waited for; one that never was, or will not be followed, is told of.
        if (this.#seq === undefined || !isLost(error)) return this.#fail(error)
      }
      await beforeNextLook(this.closed)
    }
  }

  /** Whoever waits, or follows, is told: nothing more will come. */
  #fail(error: unknown): void {
    this.#failure = error
    this.#opened.reject(error)
    this.events.error(error)
    this.containers.fail(error)
    this.#wake()
  }

  #take(line: FollowLine): void {
    if ('snapshot' in line) {
      this.#infos.clear()
      for (const info of line.snapshot.containers) this.#infos.set(info.id, Object.freeze(info))
      this.#seq ??= line.snapshot.seq
      this.#opened.resolve()
    } else {
      const { event, container } = line
      if (container !== null) this.#infos.set(container.id, Object.freeze(container))
      else if (event.containerId !== null) this.#infos.delete(event.containerId)
      this.#seq = event.seq
      this.events.next(event)
    }
    this.containers.changed()
    this.#wake()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}

/** Resolves when it is time to look for the next owner, or at once where there will be none. */
export async function beforeNextLook(closed: AbortSignal): Promise<void> {
  await delay(RETRY_MS, undefined, { signal: closed }).catch(() => {})
}

/** Whether an owner went away, or is not there: the next one has what it had. */
export function isLost(error: unknown): boolean {
  return error instanceof RunchartError && ['EOWNERGONE', 'ENOOWNER', 'ECLOSED'].includes(error.code)
}

/** What an answer's headers say of how far the owner's events had come. */
export function seqOf(headers: NodeJS.Dict<string | string[]>): number {
  return Number(headers[SEQ_HEADER] ?? 0)
}
