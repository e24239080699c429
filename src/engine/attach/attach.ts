import { OutputQueue } from '../../../effects/attach/output-queue.ts'
import { AttachError, InvalidInputError } from '../../errors.ts'
import type {
  Attachment,
  AttachOptions,
  AttachOutput,
  CallOptions,
  ContainerState,
  TerminalSize,
} from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import type { Supervisor } from '../supervisor.ts'
import { AttachHub } from './hub.ts'

const DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024

/** States in which conmon listens. */
const ATTACHABLE: ReadonlySet<ContainerState> = new Set([
  'created',
  'starting',
  'running',
  'pausing',
  'paused',
  'resuming',
  'stopping',
  'checkpointing',
])

/** The connection of one run. */
interface Opening {
  generation: number
  hub: Promise<AttachHub>
  isOver: () => boolean
}

const openings = new WeakMap<Supervisor, Opening>()

/** Joins a container's present run. */
export async function attach(supervisor: Supervisor, options: AttachOptions): Promise<Attachment> {
  const { signal, output = true, maxBufferedBytes = DEFAULT_BUFFER_BYTES } = options
  signal?.throwIfAborted()
  if (!Number.isSafeInteger(maxBufferedBytes) || maxBufferedBytes < 1) {
    throw new InvalidInputError(`${maxBufferedBytes} is no number of bytes to keep`, {
      hint: 'give a whole number above 0',
    })
  }
  supervisor.assertOpen()
  if (!ATTACHABLE.has(supervisor.row.state)) {
    throw supervisor.refuse('attach to', 'only what is created and has not exited; its log has what it wrote')
  }
  if (supervisor.row.facts.monitor === null) throw withoutMonitor(supervisor)
  const hub = await hubOf(supervisor)
  return new ContainerAttachment(
    supervisor,
    hub,
    output ? new OutputQueue(maxBufferedBytes) : undefined,
    signal,
  )
}

function withoutMonitor({ id, name }: Supervisor): AttachError {
  return new AttachError('EATTACH', `cannot attach to container ${name}: its conmon is gone`, {
    containerId: id,
    hint: 'it lives on without; its log has what it wrote before, and its next run has a conmon again',
  })
}

/** The hub of this run; whoever comes first opens it for all. */
function hubOf(supervisor: Supervisor): Promise<AttachHub> {
  const { generation } = supervisor.row
  const known = openings.get(supervisor)
  if (known?.generation === generation && !known.isOver()) return known.hub
  let isOver = (): boolean => false
  const hub = AttachHub.open(supervisor)
  openings.set(supervisor, { generation, hub, isOver: () => isOver() })
  hub.then(
    (open) => {
      isOver = () => open.isOver
    },
    () => {
      isOver = () => true
    },
  )
  return hub
}

/** One who is attached. */
class ContainerAttachment implements Attachment {
  readonly terminal: boolean
  readonly output: AsyncIterable<AttachOutput>
  readonly ended: Promise<void>
  readonly #supervisor: Supervisor
  readonly #hub: AttachHub
  readonly #queue: OutputQueue
  readonly #leave: () => void
  #over = false
  #resolveEnded = (): void => {}
  #forgetSignal = (): void => {}

  constructor(
    supervisor: Supervisor,
    hub: AttachHub,
    queue: OutputQueue | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#supervisor = supervisor
    this.#hub = hub
    this.#queue = queue ?? new OutputQueue(0)
    this.terminal = hub.terminal
    this.output = this.#queue
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#leave = hub.join({
      onOutput: (piece) => {
        if (queue !== undefined && !queue.push(piece)) this.#end(this.#tooSlow())
      },
      onEnd: (error) => this.#end(error),
    })
    // Its conmon went while this was being set up.
    if (hub.isOver) this.#end()
    this.#watch(signal)
  }

  async write(data: Uint8Array | string, { signal }: CallOptions = {}): Promise<void> {
    this.#assertAttached()
    signal?.throwIfAborted()
    await unlessAborted(
      this.#hub.write(typeof data === 'string' ? Buffer.from(data) : Buffer.from(data)),
      signal,
    )
  }

  async end({ signal }: CallOptions = {}): Promise<void> {
    this.#assertAttached()
    signal?.throwIfAborted()
    await unlessAborted(this.#hub.endInput(), signal)
  }

  async resize(size: TerminalSize, { signal }: CallOptions = {}): Promise<void> {
    this.#assertAttached()
    signal?.throwIfAborted()
    await unlessAborted(this.#hub.resize(size), signal)
  }

  detach(): void {
    this.#end()
    this.#queue.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.detach()
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    const onAbort = (): void => {
      this.#queue.clear()
      this.#end(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => signal.removeEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    if (this.#over) this.#forgetSignal()
  }

  #end(error?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#queue.end(error)
    this.#forgetSignal()
    this.#leave()
    this.#resolveEnded()
  }

  #assertAttached(): void {
    if (!this.#over) return
    const { id, name } = this.#supervisor
    throw new AttachError('EATTACHENDED', `the attachment to container ${name} has ended`, {
      containerId: id,
    })
  }

  #tooSlow(): AttachError {
    const { id, name } = this.#supervisor
    return new AttachError(
      'ESLOWREADER',
      `whoever reads the output of container ${name} is too far behind and was disconnected`,
      { containerId: id, hint: 'it lives on; attach again, and read what was missed in its log' },
    )
  }
}
