/** HTTP over the owner's unix socket, and nothing more. */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorReply, FRAMES_TYPE } from '../api/wire.ts'
import { connectionError, OwnerError, OwnerGoneError } from './errors.ts'

// Not an import: the module's ESM face loads all that it names, fetch and WebSocket too, for 30 ms.
const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')

/**
 * Or Node looks whether the host's name is an address of IP version 6, by an expression that takes 4 ms to compile.
 * (It is an option of the agent's, which the types of a request leave out.)
 */
const NO_SERVERNAME: object = { servername: '' }

/** One request. */
export interface Call {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: unknown
  /** Goes away without an answer; the owner then lets go of what it waited for. */
  signal?: AbortSignal | undefined
}

/** What an upgrade gives. */
export interface UpgradedConnection {
  socket: Duplex
  /** What came on it together with the answer. */
  head: Buffer
  headers: IncomingHttpHeaders
}

/** Where calls are sent. */
export interface Transport {
  /** The answer's JSON; undefined where it has none. */
  json(call: Call): Promise<unknown>
  /** The answer's body as it comes. Throws after the last chunk where the owner told of an error. */
  stream(call: Call): Promise<IncomingMessage>
  /** A connection of its own that is no HTTP any more. */
  upgrade(call: Call, protocol: string): Promise<UpgradedConnection>
  /** A request whose body, frames, is still to be written while its answer comes. */
  duplex(call: Call): { request: ClientRequest; response: Promise<IncomingMessage> }
  lost(cause: unknown, signal: AbortSignal | undefined): unknown
  close(): void
}

/** Calls over one socket, on connections that are kept for the next call. */
export function createTransport(
  socketPath: string,
  /** Sees what each answer says of itself. */
  onAnswer: (headers: IncomingHttpHeaders) => void = () => {},
): Transport {
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
      const request = httpRequest(
        { agent, socketPath, ...NO_SERVERNAME, method, path, headers, signal },
        resolve,
      )
      request.on('error', (error) => {
        reject(connectionError(socketPath, error) ?? lost(error, signal))
      })
      request.end(payload)
    })

  const upgrade = ({ method, path, signal }: Call, protocol: string): Promise<UpgradedConnection> =>
    new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: protocol }
      const request = httpRequest({
        agent: false,
        socketPath,
        ...NO_SERVERNAME,
        method,
        path,
        headers,
        signal,
      })
      request.on('error', (error) => reject(connectionError(socketPath, error) ?? lost(error, signal)))
      request.once('upgrade', ({ headers }, socket, head) => resolve({ socket, head, headers }))
      request.once('response', (response) => {
        toError(response).then(reject, (error) => reject(lost(error, signal)))
      })
      request.end()
    })

  const answered = async (call: Call): Promise<IncomingMessage> => {
    const response = await send(call)
    onAnswer(response.headers)
    return checked(response, call)
  }

  const checked = async (response: IncomingMessage, call: Call): Promise<IncomingMessage> => {
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
    duplex(call) {
      const { method, path, signal } = call
      const headers = { 'content-type': FRAMES_TYPE }
      const request = httpRequest({ agent, socketPath, ...NO_SERVERNAME, method, path, headers, signal })
      const response = new Promise<IncomingMessage>((resolve, reject) => {
        request.once('response', resolve)
        request.on('error', (error) => reject(connectionError(socketPath, error) ?? lost(error, signal)))
      })
      return { request, response: response.then((answer) => checked(answer, call)) }
    },
    upgrade,
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
