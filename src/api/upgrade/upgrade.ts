/** Connections that stop being HTTP: what comes and goes on them are the frames of ../frames.ts. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { InvalidInputError, RunchartError } from '../../errors.ts'
import { type ApiContext, CLOSE_GRACE_MS } from '../context.ts'
import { toErrorReply } from '../error-reply.ts'
import { FRAMES_PROTOCOL } from '../frames.ts'

/** A request to be upgraded. */
export interface UpgradeRequest {
  /** The container that the path names. */
  ref: string
  query: URLSearchParams
  /** Aborts when the client has gone, or the owner is about to. */
  signal: AbortSignal
}

/** What is done with an upgraded connection. */
export interface Upgraded {
  /** Headers of the answer. */
  headers: Record<string, string>
  /** Takes the connection over; `head` are the first bytes on it. It resolves when the connection is done with. */
  run: (socket: Duplex, head: Buffer) => Promise<void>
}

/** Decides on a request. What it throws is answered as an error, like any other route's. */
export type UpgradeRoute = (request: UpgradeRequest, context: ApiContext) => Promise<Upgraded>

/** Answers upgrades of `POST /v1/containers/REF/NAME`, for the names that there are routes for. */
export function addUpgrades(
  app: FastifyInstance,
  context: ApiContext,
  routes: Record<string, UpgradeRoute>,
): void {
  app.server.on('upgrade', (request, socket, head) => {
    // Whoever waits for its end hears of it; an error is one.
    socket.on('error', () => {})
    answer(request, socket, head, context, routes).catch((error) => {
      app.log.error({ err: error, url: request.url }, 'an upgraded connection broke')
      socket.destroy()
    })
  })
}

async function answer(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  context: ApiContext,
  routes: Record<string, UpgradeRoute>,
): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort(new DOMException('the client went away', 'AbortError')))
  const signal = AbortSignal.any([gone.signal, context.leaving])
  const cut = (): void => void setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref()
  context.closing.addEventListener('abort', cut)
  try {
    const upgraded = await decide(request, signal, context, routes)
    writeHead(socket, 101, 'Switching Protocols', {
      connection: 'Upgrade',
      upgrade: FRAMES_PROTOCOL,
      ...upgraded.headers,
    })
    await upgraded.run(socket, head)
  } catch (error) {
    refuse(socket, error)
  } finally {
    context.closing.removeEventListener('abort', cut)
  }
}

async function decide(
  { method, url = '', headers }: IncomingMessage,
  signal: AbortSignal,
  context: ApiContext,
  routes: Record<string, UpgradeRoute>,
): Promise<Upgraded> {
  const { pathname, searchParams: query } = new URL(url, 'http://owner')
  const [, ref = '', name = ''] = /^\/v1\/containers\/([^/]+)\/([^/]+)$/.exec(pathname) ?? []
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  if (route === undefined || method !== 'POST') {
    throw new RunchartError('ENOROUTE', `the owner does not know ${method} ${url} as an upgrade`)
  }
  if (headers.upgrade !== FRAMES_PROTOCOL) {
    throw new InvalidInputError(`the owner upgrades connections to ${FRAMES_PROTOCOL} and nothing else`)
  }
  return route({ ref: decode(ref), query, signal }, context)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidInputError(`the path names a container with the broken encoding ${text}`)
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const { status, reply } = toErrorReply(error)
  const body = JSON.stringify(reply)
  writeHead(socket, status, reply.error.code, {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  })
  socket.end(body)
}

function writeHead(socket: Duplex, status: number, reason: string, headers: Record<string, string>): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`)
}
