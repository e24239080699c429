import { quote } from '../../../effects/quote.ts'
import type { Clock } from '../../clock.ts'
import { EngineClosedError, InvalidInputError } from '../../errors.ts'
import type { CallOptions, Container, ContainerState, Pool, PooledOptions, PoolOptions } from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import { ContainerHandle } from '../handle.ts'
import type { Supervisor } from '../supervisor.ts'
import * as verbs from '../verbs.ts'

const LARGEST = 10_000
/** Milliseconds that a container that was taken has to be started before the next is made beside it. */
const START_FIRST_MS = 100

const UNSTARTED: ReadonlySet<ContainerState> = new Set(['created', 'starting'])

/** What a pool has of its engine. */
export interface PoolBearings {
  clock: Clock
  /** Makes a container that waits in a pool. */
  make: (spec: PooledOptions, signal: AbortSignal) => Promise<Supervisor>
  onClosed: (pool: ContainerPool) => void
}

/** A place in a pool, and the container that is made for it. */
interface Slot {
  made: Promise<Supervisor>
  container?: Supervisor
  hasFailed?: true
}

/** The containers of one pool, oldest first. */
export class ContainerPool implements Pool {
  readonly size: number
  readonly #spec: PooledOptions
  readonly #engine: PoolBearings
  readonly #closing = new AbortController()
  #slots: Slot[] = []
  #closed: Promise<void> | undefined

  /** Throws InvalidInputError. */
  constructor({ spec, size }: PoolOptions, engine: PoolBearings) {
    this.size = validSize(size)
    this.#spec = validSpec(spec)
    this.#engine = engine
  }

  get ready(): number {
    return this.#slots.filter(isReady).length
  }

  /** Resolves once it is full. Rejects, and is closed, where a container could not be made. */
  async fill(signal: AbortSignal | undefined): Promise<void> {
    this.#refill()
    try {
      await unlessAborted(Promise.all(this.#slots.map(({ made }) => made)), signal)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async take({ signal }: CallOptions = {}): Promise<Container<'created'>> {
    for (;;) {
      this.#assertOpen()
      signal?.throwIfAborted()
      const slot = this.#slots.find(isReady) ?? this.#slots[0] ?? this.#open()
      this.#drop(slot)
      const container = await this.#await(slot, signal)
      if (container.row.state !== 'created') {
        clear(container)
        continue
      }
      await this.#handOver(slot, container)
      void this.#replace(container)
      return new ContainerHandle(container) as Container as Container<'created'>
    }
  }

  close({ signal }: CallOptions = {}): Promise<void> {
    this.#closed ??= this.#close()
    return unlessAborted(this.#closed, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #await(slot: Slot, signal: AbortSignal | undefined): Promise<Supervisor> {
    try {
      return await unlessAborted(slot.made, signal)
    } catch (error) {
      this.#assertOpen()
      // Whoever goes leaves the container to the next.
      if (signal?.aborted && !slot.hasFailed) this.#slots.unshift(slot)
      throw error
    }
  }

  /** From here on no engine takes it for one that nobody has. */
  async #handOver(slot: Slot, container: Supervisor): Promise<void> {
    try {
      await container.leavePool()
    } catch (error) {
      this.#slots.unshift(slot)
      throw error
    }
  }

  /** Two programs at once on few processors would make both late, and somebody waits for one of them. */
  async #replace(taken: Supervisor): Promise<void> {
    const { promise: started, resolve } = Promise.withResolvers<void>()
    const { clock } = this.#engine
    const timer = clock.setTimeout(resolve, START_FIRST_MS)
    const unlisten = taken.listen((change) => {
      if (change === 'closed' || !UNSTARTED.has(change.to)) resolve()
    })
    await started
    clock.clearTimeout(timer)
    unlisten()
    // Whoever has started it hears of that first.
    setImmediate(() => this.#refill())
  }

  #refill(): void {
    while (this.#closed === undefined && this.#slots.length < this.size) this.#open()
  }

  #open(): Slot {
    const made = this.#engine.make(this.#spec, this.#closing.signal)
    const slot: Slot = { made }
    this.#slots.push(slot)
    made.then(
      (container) => this.#keep(slot, container),
      () => {
        slot.hasFailed = true
        this.#drop(slot)
      },
    )
    return slot
  }

  #keep(slot: Slot, container: Supervisor): void {
    slot.container = container
    const unlisten = container.listen((change) => {
      if (change === 'closed' || change.to === 'created') return
      const isOurs = this.#slots.includes(slot)
      unlisten()
      if (!isOurs) return
      this.#drop(slot)
      this.#refill()
      clear(container)
    })
  }

  #drop(slot: Slot): void {
    const index = this.#slots.indexOf(slot)
    if (index >= 0) this.#slots.splice(index, 1)
  }

  async #close(): Promise<void> {
    this.#closing.abort(new EngineClosedError('the pool is closed'))
    const slots = this.#slots
    this.#slots = []
    await Promise.all(slots.map(({ made }) => made.then(removePooled, () => {})))
    this.#engine.onClosed(this)
  }

  #assertOpen(): void {
    this.#closing.signal.throwIfAborted()
  }
}

/** One that was started by hand is somebody's; one that has ended is nobody's. */
function clear(container: Supervisor): void {
  if (container.row.facts.pooled === true) void removePooled(container)
}

const isReady = ({ container }: Slot): boolean => container?.row.state === 'created'

/** Removes one that nobody has taken; an engine that dies meanwhile leaves it to the next. Never rejects. */
export async function removePooled(container: Supervisor): Promise<void> {
  try {
    await verbs.remove(container, true)
  } catch (error) {
    container.logger.warn({ err: error }, 'a container of a pool is still there; the next engine removes it')
  }
}

function validSize(size: number): number {
  if (Number.isInteger(size) && size >= 1 && size <= LARGEST) return size
  throw new InvalidInputError(`invalid size ${quote(size)} of a pool`, {
    hint: `give a whole number from 1 to ${LARGEST}`,
  })
}

function validSpec(spec: PooledOptions): PooledOptions {
  const single = ['name', 'key', 'preserveFds'].find(
    (name) => (spec as object)?.[name as never] !== undefined,
  )
  if (typeof spec === 'object' && spec !== null && single === undefined) return { ...spec }
  throw new InvalidInputError(
    single === undefined ? `invalid spec ${quote(spec)} of a pool` : `a pool’s spec has ${single}`,
    {
      hint: 'give what each of its containers is made of, as create takes it, without name, key and preserveFds',
    },
  )
}
