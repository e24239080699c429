/** HTTP over the owner's unix socket, and nothing more. */
import type { IncomingMessage } from 'node:http'
import type { ErrorReply } from '../api/wire.ts'
import { connectionError, OwnerError, OwnerGoneError } from './errors.ts'

// Not an import: the module's ESM face loads all that it names, fetch and WebSocket too, for 30 ms.
const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')

/** One request. */
export interface Call {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: unknown
  /** Goes away without an answer; the owner then lets go of what it waited for. */
  signal?: AbortSignal | undefined
}

/** Where calls are sent. */
export interface Transport {
  /** The answer's JSON; undefined where it has none. */
  json(call: Call): Promise<unknown>
  /** The answer's body as it comes. Throws after the last chunk where the owner told of an error. */
  stream(call: Call): Promise<IncomingMessage>
  lost(cause: unknown, signal: AbortSignal | undefined): unknown
  close(): void
}

/** Calls over one socket, on connections that are kept for the next call. */
export function createTransport(socketPath: string): Transport {
  const agent = new Agent({ keepAlive: true })
  const lost = (cause: unknown, signal: AbortSignal | undefined): unknown =>
    signal?.aborted === true ? signal.reason : new OwnerGoneError(socketPath, cause)

  const send = ({ method, path, body, signal }: Call): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const headers: Record<string, string | number> =
        payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      const request = httpRequest({ agent, socketPath, method, path, headers, signal }, resolve)
      request.on('error', (error) => {
        reject(connectionError(socketPath, error) ?? lost(error, signal))
      })
      request.end(payload)
    })

  const answered = async (call: Call): Promise<IncomingMessage> => {
    const response = await send(call)
    if (response.statusCode !== undefined && response.statusCode < 300) return response
    throw await toError(response).catch((error) => lost(error, call.signal))
  }

  return {
    async json(call) {
      const response = await answered(call)
      try {
        const text = await readText(response)
        return text === '' ? undefined : JSON.parse(text)
      } catch (error) {
        throw lost(error, call.signal)
      }
    },
    stream: answered,
    lost,
    close: () => agent.destroy(),
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function toError(response: IncomingMessage): Promise<OwnerError> {
  const text = await readText(response)
  const reply = JSON.parse(text) as Partial<ErrorReply>
  // Whatever else the status says, an answer in another shape is not one of an owner that serves.
  if (typeof reply.error !== 'object') throw new Error(`status ${response.statusCode}: ${text}`)
  return new OwnerError(reply as ErrorReply)
}
