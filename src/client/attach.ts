import { OutputQueue } from '../../effects/attach/output-queue.ts'
import { AttachError } from '../../effects/errors.ts'
import {
  createFrameParser,
  encodeBytes,
  encodeFrame,
  encodeSize,
  FRAMES_PROTOCOL,
  type Frame,
} from '../api/frames.ts'
import type { ErrorReply } from '../api/wire.ts'
import type { Attachment, CallOptions, TerminalSize } from '../types.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { OwnerError } from './errors.ts'
import type { Call, Transport, UpgradedConnection } from './transport.ts'

/** Bytes that wait here before the owner is made to wait. */
const READ_AHEAD_BYTES = 256 * 1024
/** What a frame can say; conmon takes far less. */
const MAX_CELLS = 65_535

/** Opens an attachment over a connection of its own. */
export async function openAttachment(transport: Transport, call: Call): Promise<Attachment> {
  const connection = await transport.upgrade(call, FRAMES_PROTOCOL)
  return new OwnerAttachment(connection, (cause) => transport.lost(cause, call.signal), call.signal)
}

/** An attachment whose other end is at the owner. */
class OwnerAttachment implements Attachment {
  readonly terminal: boolean
  readonly output: OutputQueue
  readonly ended: Promise<void>
  readonly #socket: UpgradedConnection['socket']

  constructor(
    { socket, head, headers }: UpgradedConnection,
    lost: (cause: unknown) => unknown,
    signal: AbortSignal | undefined,
  ) {
    this.#socket = socket
    this.terminal = headers['runchart-terminal'] === 'true'
    this.output = new OutputQueue(Number.POSITIVE_INFINITY, (bytes) => {
      if (bytes < READ_AHEAD_BYTES) socket.resume()
    })
    this.ended = new Promise((resolve) => {
      socket.once('close', resolve)
    })
    let cause: unknown
    socket.on('error', (error) => {
      cause = error
    })
    // Whatever was said at the end counts before it.
    socket.once('close', () => this.output.end(lost(cause)))
    this.#abortOn(signal)
    this.#read(head)
  }

  async write(data: Uint8Array | string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const bytes = Buffer.from(data as Uint8Array)
    if (bytes.length > 0) await unlessAborted(this.#send(encodeBytes('stdin', bytes)), signal)
  }

  async end({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await unlessAborted(this.#send(encodeFrame('end')), signal)
  }

  async resize({ columns, rows }: TerminalSize, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const cells = (count: number): number => Math.max(0, Math.min(Math.trunc(count) || 0, MAX_CELLS))
    await unlessAborted(this.#send(encodeSize({ columns: cells(columns), rows: cells(rows) })), signal)
  }

  detach(): void {
    this.output.end()
    this.output.clear()
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.detach()
  }

  #abortOn(signal: AbortSignal | undefined): void {
    const abort = (): void => {
      this.output.clear()
      this.output.end(signal?.reason)
      this.#socket.destroy()
    }
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort, { once: true })
    this.#socket.once('close', () => signal?.removeEventListener('abort', abort))
  }

  #read(head: Buffer): void {
    const socket = this.#socket
    const parser = createFrameParser()
    const take = (chunk: Buffer): void => {
      for (const frame of parser.push(chunk)) this.#take(frame)
      if (this.output.bytes >= READ_AHEAD_BYTES) socket.pause()
    }
    socket.on('data', (chunk: Buffer) => {
      try {
        take(chunk)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    // Not pushed back onto the socket: it is read in its order before what comes.
    if (head.length > 0) take(head)
  }

  #take({ type, payload }: Frame): void {
    if (type === 'stdout' || type === 'stderr') this.output.push({ stream: type, data: payload })
    if (type === 'error') {
      this.output.end(new OwnerError(JSON.parse(payload.toString('utf8')) as ErrorReply))
    }
    if (type === 'end') this.output.end()
    if (type === 'end' || type === 'error') this.#socket.destroy()
  }

  /** Resolves once the owner's side has room for it. */
  #send(bytes: Buffer): Promise<void> {
    const ended = (): AttachError => new AttachError('EATTACHENDED', 'the attachment has ended')
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(ended())
      this.#socket.write(bytes, (error) => (error ? reject(ended()) : resolve()))
    })
  }
}
