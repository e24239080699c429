import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { buildApi } from '../api/build.ts'
import { CLOSE_GRACE_MS } from '../api/context.ts'
import { closeWithin } from '../api/serve.ts'
import { EngineClosedError, RunchartError } from '../errors.ts'
import type { Engine } from '../types.ts'
import { addGuard, makeGuard } from './guard.ts'
import { type PageFile, readPage } from './page-files.ts'

const ADDRESS = '127.0.0.1'

/** Options of {@link serveInspector}. */
export interface InspectorOptions {
  logger: FastifyBaseLogger
  /** 0 for any that is free. */
  port: number
}

/** The inspector page, being served. */
export interface InspectorServer {
  readonly server: Server
  /** Where it is, with its token: whoever has this can do with the containers what the owner can. */
  readonly url: string
  /** Tells whoever looks on to go, and ends what is open within a second or so. The engine stays open. */
  close(): Promise<void>
}

/**
 * Serves the inspector page and the API that it works with, on loopback alone, to whoever has the token.
 *
 * Throws RunchartError `EPORT` where the port cannot be had.
 */
export async function serveInspector(engine: Engine, options: InspectorOptions): Promise<InspectorServer> {
  const { logger, port } = options
  const closing = new AbortController()
  const page = await readPage()
  const guard = makeGuard(page.map(({ path }) => path))
  const app = buildApi({ engine, leaving: closing.signal, closing: closing.signal }, logger)
  addGuard(app, guard)
  addPage(app, page)
  guard.port = await listen(app, port)
  return {
    server: app.server,
    url: `http://${ADDRESS}:${guard.port}/#token=${guard.token}`,
    async close() {
      closing.abort(new EngineClosedError('the inspector is closing'))
      await closeWithin(app, CLOSE_GRACE_MS)
    },
  }
}

async function listen(app: FastifyInstance, port: number): Promise<number> {
  try {
    await app.listen({ host: ADDRESS, port, listenTextResolver: () => 'the inspector answers' })
    return (app.server.address() as AddressInfo).port
  } catch (error) {
    await app.close()
    throw new RunchartError('EPORT', `the inspector cannot have port ${port}: ${(error as Error).message}`, {
      hint: 'name another port, or none for any that is free',
      cause: error,
    })
  }
}

function addPage(app: FastifyInstance, files: readonly PageFile[]): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS)
  })
  for (const { path, type, body } of files) app.get(path, (_request, reply) => reply.type(type).send(body))
}

/** Nothing is loaded from elsewhere or shown inside another page, and nothing is kept by the browser. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}
