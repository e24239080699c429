import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { InvalidInputError } from '../../errors.ts'
import type { ExecSession } from '../../types.ts'
import { toErrorReply } from '../error-reply.ts'
import { createFrameParser, decodeSize, encodeBytes, encodeFrame, type Frame } from '../frames.ts'

const NO_SIZE = { columns: 0, rows: 0 }

/** A request whose body is frames: the first is taken by whoever starts the command, the rest is its input. */
export class FrameInput {
  readonly #request: IncomingMessage
  readonly #parser = createFrameParser()
  readonly #frames: AsyncGenerator<Frame>

  constructor(request: IncomingMessage) {
    this.#request = request
    this.#frames = this.#read()
  }

  /** The value in the first frame. Throws InvalidInputError where that is none. */
  async first(): Promise<unknown> {
    const { value } = (await this.#frames.next()) as { value: Frame | undefined }
    if (value?.type !== 'json') throw new InvalidInputError('the first frame of an exec is a json frame')
    try {
      return JSON.parse(value.payload.toString())
    } catch (cause) {
      throw new InvalidInputError('the first frame of an exec is no JSON', { cause })
    }
  }

  /** Feeds a command. It waits while the command does not read, and the client with it. */
  async feed({ stdin, resize }: Pick<ExecSession, 'stdin' | 'resize'>): Promise<void> {
    for await (const { type, payload } of this.#frames) {
      if (type === 'end') stdin?.end()
      // A size that comes too late, or is none, changes nothing.
      if (type === 'resize') await resize(decodeSize(payload) ?? NO_SIZE).catch(() => {})
      if (type !== 'stdin' || stdin === null || stdin.destroyed || stdin.writableEnded) continue
      if (!stdin.write(payload)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')])
    }
    stdin?.end()
  }

  /** Reads on and drops it, so that the client gets its answer to the end. */
  drain(): void {
    void this.#frames.return(undefined)
    this.#request.resume()
  }

  async *#read(): AsyncGenerator<Frame> {
    // Not the request's own iterator: leaving that would take the connection down.
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      let frames: Frame[]
      try {
        frames = this.#parser.push(chunk as Buffer)
      } catch (cause) {
        throw new InvalidInputError((cause as Error).message, { cause })
      }
      yield* frames
    }
  }
}

/** Carries a command's streams until it is over. Both directions wait for whoever reads. */
export async function serveSession(
  session: ExecSession,
  input: FrameInput,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  // A client that is gone is told nothing more.
  response.on('error', () => {})
  response.writeHead(200, { 'content-type': 'application/octet-stream' })
  response.write(json({ id: session.id, pid: session.pid }))
  // A client that goes away ends the command by its signal; what it sent by then is of no matter.
  const fed = input.feed(session).catch(() => session.stdin?.destroy())
  try {
    const [exit] = await Promise.all([
      session.exited,
      send(session.stdout, 'stdout', response, signal),
      send(session.stderr, 'stderr', response, signal),
    ])
    // Where the owner leaves it has killed the command; whoever waits for it is to know why.
    signal.throwIfAborted()
    response.write(json({ exit }))
  } catch (error) {
    response.write(encodeFrame('error', Buffer.from(JSON.stringify(toErrorReply(error).reply))))
  }
  input.drain()
  response.end()
  await fed
}

async function send(
  stream: Readable | null,
  type: 'stdout' | 'stderr',
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (stream === null) return
  for await (const chunk of stream) {
    if (!response.write(encodeBytes(type, chunk as Buffer))) await once(response, 'drain', { signal })
  }
}

const json = (value: unknown): Buffer => encodeFrame('json', Buffer.from(JSON.stringify(value)))
