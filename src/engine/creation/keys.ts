import { createHash } from 'node:crypto'
import { quote } from '../../../effects/quote.ts'
import { InvalidInputError, KeyTakenError } from '../../errors.ts'
import type { CreationKey } from '../../store/records.ts'
import type { CreateOptions } from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import type { Supervisor } from '../supervisor.ts'

/** The longest key, in characters. */
const MAX_KEY_LENGTH = 256

/** How a key comes to its container. */
interface Making {
  /** Makes it. */
  make: () => Promise<Supervisor>
  /** Makes the first run of one whose creation was cut off. */
  finish: (container: Supervisor) => Promise<Supervisor>
  /** Stops waiting for what another has asked for. */
  signal: AbortSignal | undefined
}

/** Containers by the key that they were created by: whoever asks twice has one of them. */
export class CreationKeys {
  readonly #held = new Map<string, { key: CreationKey; container: Promise<Supervisor> }>()

  /** The container of the key, which is made where there is none. Throws KeyTakenError. */
  async once(key: CreationKey, { make, finish, signal }: Making): Promise<Supervisor> {
    for (;;) {
      const holder = this.#held.get(key.value)
      if (holder === undefined) return this.#hold(key, make())
      if (holder.key.digest !== key.digest) throw await taken(key, holder.container)
      // Where it came to nothing, that was told to whoever asked then; the key is free again.
      const container = await unlessAborted(
        holder.container.catch(() => undefined),
        signal,
      )
      if (container === undefined) continue
      if (container.row.state !== 'configured') return container
      if (this.#held.get(key.value) === holder) return this.#hold(holder.key, finish(container))
    }
  }

  /** Keeps the key of a container that the store knew. */
  keep(key: CreationKey, container: Supervisor): void {
    this.#held.set(key.value, { key, container: Promise.resolve(container) })
  }

  /** The container is gone, and its key is free; it may be another's already. */
  release(key: CreationKey): void {
    if (this.#held.get(key.value)?.key === key) this.#held.delete(key.value)
  }

  #hold(key: CreationKey, container: Promise<Supervisor>): Promise<Supervisor> {
    const holder = { key, container }
    this.#held.set(key.value, holder)
    container.catch(() => {
      if (this.#held.get(key.value) === holder) this.#held.delete(key.value)
    })
    return container
  }
}

async function taken({ value }: CreationKey, container: Promise<Supervisor>): Promise<KeyTakenError> {
  const holder = await container.catch(() => undefined)
  const whose = holder === undefined ? 'another' : `container ${holder.name}`
  return new KeyTakenError(`the key ${quote(value)} is that of ${whose}, which has other options`, {
    containerId: holder?.id,
    hint: 'ask with the options that it was created with, remove it first, or choose another key',
  })
}

/**
 * The key of a create, and what tells its options from others: all of them but descriptors, whose numbers mean
 * nothing to whoever asks again. Undefined where none is given.
 *
 * @throws InvalidInputError
 */
export function creationKey({ key, preserveFds: _, ...options }: CreateOptions): CreationKey | undefined {
  if (key === undefined) return undefined
  const isKey = typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH && !key.includes('\0')
  if (!isKey) {
    throw new InvalidInputError(`invalid key ${quote(key)}`, {
      hint: `give text of 1 to ${MAX_KEY_LENGTH} characters, none of them NUL`,
    })
  }
  const digest = createHash('sha256').update(JSON.stringify(options, sorted)).digest('hex')
  return { value: key, digest }
}

/** Objects with their names in order, so that the same options are the same text. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
