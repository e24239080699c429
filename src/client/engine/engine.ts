import { quote } from '../../../effects/quote.ts'
import { NotFoundError } from '../../errors.ts'
import { ownerSocketPath } from '../../root/paths.ts'
import type {
  CallOptions,
  ContainerInfo,
  CreateOptions,
  ExitRecord,
  LiveContainers,
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../../types.ts'
import { type Client, clientOver } from '../client.ts'
import { createTransport, type Transport } from '../transport.ts'
import { OwnedContainer, type OwnerConnection } from './container.ts'
import { OwnerEvents } from './events.ts'
import { Mirror, seqOf } from './mirror.ts'
import type { RemoteContainer, RemoteEngine } from './types.ts'

/** Options of {@link connectEngine}. */
export interface ConnectOptions extends CallOptions {
  /** Where the owner answers; absolute. */
  runRoot: string
  /** Hears what a consumer of events, or of containers, throws; it is dropped where left out. */
  onConsumerError?: ((error: unknown) => void) | undefined
}

/**
 * Connects to the owner of a run root, and gives its engine as one that is embedded has it. What is read from it is as
 * new as the last event that has come; a call resolves once what it has done is to be seen here. When its owner goes
 * away calls fail with `EOWNERGONE` or `ENOOWNER`, and whoever follows goes on with the next one: no event is lost, and
 * none comes twice. One that answers and will not be followed, such as an owner of another version, ends what follows
 * with its error.
 *
 * Throws NoOwnerError `ENOOWNER` where nobody answers.
 */
export async function connectEngine(options: ConnectOptions): Promise<RemoteEngine> {
  const { runRoot, signal, onConsumerError = () => {} } = options
  let answered = 0
  const transport = createTransport(ownerSocketPath(runRoot), (headers) => {
    answered = Math.max(answered, seqOf(headers))
  })
  const client = clientOver(transport)
  const mirror = new Mirror(transport, onConsumerError)
  try {
    const [{ root }] = await Promise.all([client.version({ signal }), mirror.open(signal)])
    const events = new OwnerEvents(client, mirror, onConsumerError)
    const caughtUp = (call?: AbortSignal): Promise<void> => mirror.reached(answered, call)
    return new OwnerEngine({ client, mirror, events, caughtUp, transport, root, runRoot })
  } catch (error) {
    mirror.close()
    transport.close()
    throw error
  }
}

class OwnerEngine implements RemoteEngine {
  readonly root: string
  readonly runRoot: string
  readonly events: OwnerEvents
  readonly containers: LiveContainers
  readonly #owner: OwnerConnection
  readonly #transport: Transport

  constructor(parts: OwnerConnection & { transport: Transport; root: string; runRoot: string }) {
    this.root = parts.root
    this.runRoot = parts.runRoot
    this.events = parts.events
    this.containers = parts.mirror.containers
    this.#owner = parts
    this.#transport = parts.transport
  }

  snapshot(): { containers: ContainerInfo[]; seq: number } {
    const { mirror } = this.#owner
    return { containers: [...mirror.all()], seq: mirror.seq }
  }

  async create({ preserveFds, ...options }: CreateOptions, call?: CallOptions): Promise<RemoteContainer> {
    const descriptors = preserveFds && { preserveFds: { pid: process.pid, fds: [...preserveFds] } }
    const info = await this.#client.create({ ...options, ...descriptors }, call)
    await this.#owner.caughtUp(call?.signal)
    return new OwnedContainer(this.#owner, info)
  }

  get(idOrName: string): RemoteContainer {
    const all = [...this.#owner.mirror.all()]
    const exact = all.find(({ name }) => name === idOrName) ?? all.find(({ id }) => id === idOrName)
    const [info, ...others] =
      exact === undefined ? all.filter(({ id }) => idOrName !== '' && id.startsWith(idOrName)) : [exact]
    if (info !== undefined && others.length === 0) return new OwnedContainer(this.#owner, info)
    throw new NotFoundError(
      info === undefined
        ? `no container has the id or name ${quote(idOrName)}`
        : `${others.length + 1} containers have an id that starts with ${quote(idOrName)}`,
      { hint: info === undefined ? 'list them all with ps -a' : 'give more of the id' },
    )
  }

  async exitRecord(idOrName: string, generation?: number, call: CallOptions = {}): Promise<ExitRecord> {
    return this.#client.exitRecord(idOrName, { generation, ...call })
  }

  async wait<For extends WaitCondition = 'exit'>(
    idOrName: string,
    options: WaitOptions<For> = {},
  ): Promise<WaitResults[For]> {
    const result = await this.#client.wait(idOrName, options)
    await this.#owner.caughtUp(options.signal)
    return result
  }

  async close(): Promise<void> {
    this.#owner.mirror.close()
    this.#transport.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #client(): Client {
    return this.#owner.client
  }
}
