/** Commands in a container, over the owner's socket. */
import type { IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { RunchartError } from '../../effects/errors.ts'
import {
  createFrameParser,
  encodeBytes,
  encodeFrame,
  encodeSize,
  type Frame,
  MAX_PAYLOAD,
} from '../api/frames.ts'
import type { DescriptorSource, ErrorReply } from '../api/wire.ts'
import type { CollectOptions, ExecExit, SessionOptions, TerminalSize } from '../types.ts'
import { OwnerError } from './errors.ts'
import type { Call, Transport } from './transport.ts'

/** Descriptors are those of the client's process, or of another one of its user. */
export type WithDescriptors<Options> = Omit<Options, 'preserveFds'> & {
  preserveFds?: DescriptorSource | undefined
}

/** What `exec` takes of {@link CollectOptions}. */
export type ClientCollectOptions = WithDescriptors<CollectOptions>

/** What `execDetached` takes of {@link SessionOptions}. */
export type ClientDetachOptions = WithDescriptors<Omit<SessionOptions, 'detach' | 'stdin' | 'size'>>

/** What `execStream` takes of {@link SessionOptions}. */
export type ClientStreamOptions = WithDescriptors<Omit<SessionOptions, 'detach'>>

/** A piece of a command's output. */
export interface ExecOutput {
  stream: 'stdout' | 'stderr'
  data: Buffer
}

/** A command that runs, bound to its client: it is killed when the client goes away. */
export interface ClientExecSession {
  readonly id: string
  readonly pid: number | null
  /** null where it was not asked for. */
  readonly stdin: Writable | null
  /** To be read, once: the command waits while nobody does. Whoever stops reading ends the command. */
  readonly output: AsyncIterable<ExecOutput>
  /** Known once the output is at its end. */
  readonly exited: Promise<ExecExit>
  /** Gives its terminal another size, if it has one and has not ended. */
  resize(size: TerminalSize): void
}

/** The body of a collected command. */
export function collectBody(
  command: string[],
  { signal: _, stdin, ...options }: ClientCollectOptions,
): object {
  const input = stdin === undefined ? {} : { stdin: Buffer.from(stdin as string).toString('base64') }
  return { command, ...options, ...input }
}

/** Runs a command whose streams go over one connection. Resolves once it runs. */
export async function openExecStream(
  transport: Transport,
  path: string,
  command: string[],
  { signal, ...options }: ClientStreamOptions,
): Promise<ClientExecSession> {
  const call: Call = { method: 'POST', path, signal }
  const { request, response: answer } = transport.duplex(call)
  request.write(firstFrame({ command, ...options }))
  if (options.stdin !== true && options.tty !== true) request.end()
  let response: IncomingMessage
  try {
    response = await answer
  } catch (error) {
    request.destroy()
    throw error
  }
  const frames = readFrames(response)
  const first = (await frames.next().catch((error: unknown) => {
    throw transport.lost(error, signal)
  })) as { value: Frame | undefined }
  const { id, pid } = JSON.parse(String(first.value?.payload)) as { id: string; pid: number | null }
  const exit = Promise.withResolvers<ExecExit>()
  exit.promise.catch(() => {})
  return {
    ...{ id, pid, exited: exit.promise },
    stdin: options.stdin === true ? frameWriter(request, options.tty === true) : null,
    resize(size) {
      if (options.tty === true && request.writable) request.write(encodeSize(cells(size)))
    },
    output: outputOf({ frames, exit, transport, signal, hangUp: () => request.destroy() }),
  }
}

function firstFrame(value: object): Buffer {
  const payload = Buffer.from(JSON.stringify(value))
  if (payload.length <= MAX_PAYLOAD) return encodeFrame('json', payload)
  throw new RunchartError('EINPUT', `the command and its variables take more than ${MAX_PAYLOAD} bytes`)
}

async function* readFrames(response: IncomingMessage): AsyncGenerator<Frame> {
  const parser = createFrameParser()
  for await (const chunk of response) yield* parser.push(chunk as Buffer)
}

interface Reading {
  frames: AsyncGenerator<Frame>
  exit: PromiseWithResolvers<ExecExit>
  transport: Transport
  signal: AbortSignal | undefined
  hangUp: () => void
}

async function* outputOf({ frames, exit, transport, signal, hangUp }: Reading): AsyncGenerator<ExecOutput> {
  let isWhole = false
  try {
    for await (const { type, payload } of frames) {
      if (type === 'stdout' || type === 'stderr') yield { stream: type, data: payload }
      else if (type === 'error') throw new OwnerError(JSON.parse(payload.toString()) as ErrorReply)
      else if (type === 'json') {
        isWhole = true
        exit.resolve((JSON.parse(payload.toString()) as { exit: ExecExit }).exit)
      }
    }
    if (!isWhole) throw new Error('the stream broke off')
  } catch (error) {
    const why = error instanceof RunchartError ? error : transport.lost(error, signal)
    exit.reject(why)
    throw why
  } finally {
    exit.reject(new DOMException('the output was not read to its end', 'AbortError'))
    hangUp()
  }
}

/** What a frame can say; conmon takes far less. */
const MAX_CELLS = 65_535

function cells({ columns, rows }: TerminalSize): TerminalSize {
  const bounded = (count: number): number => Math.max(0, Math.min(Math.trunc(count) || 0, MAX_CELLS))
  return { columns: bounded(columns), rows: bounded(rows) }
}

/** Input as frames; it waits while the command does not read. A terminal changes its size after its end too. */
function frameWriter(request: Writable, staysOpen: boolean): Writable {
  const writer = new Writable({
    write: (chunk: Buffer, _encoding, done) => request.write(encodeBytes('stdin', chunk), done),
    final(done) {
      if (staysOpen) request.write(encodeFrame('end'), () => done())
      else request.end(encodeFrame('end'), () => done())
    },
  })
  // The command may be over before all is written.
  writer.on('error', () => {})
  return writer
}
