import { chmodSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { EngineClosedError, RootError } from '../errors.ts'
import { ownerSocketPath } from '../root/paths.ts'
import type { Engine } from '../types.ts'
import { buildApi } from './build.ts'
import { watchIdle } from './idle.ts'

/** Milliseconds that answers under way have when the server closes. */
const CLOSE_GRACE_MS = 1_000
/** Bytes of a socket's path that Linux takes. */
const MAX_SOCKET_PATH = 107

/** Options of {@link serveOwner}. */
export interface OwnerOptions {
  logger: FastifyBaseLogger
  /** Where the API is to say when nothing has lived and nobody has asked for that many seconds. */
  idle?: { seconds: number; onIdle: () => void } | undefined
}

/** The owner's API, listening. */
export interface OwnerServer {
  readonly socketPath: string
  /** Stops listening and ends what is open within a second or so. The engine stays open. */
  close(): Promise<void>
}

/**
 * Answers for an engine on the socket in its run root, which only its user may open. A socket that a dead owner
 * left behind is replaced: the engine holds the root's lock, so nobody else answers there.
 *
 * Throws RootError where the socket cannot be made.
 */
export async function serveOwner(engine: Engine, options: OwnerOptions): Promise<OwnerServer> {
  const { logger, idle } = options
  const closing = new AbortController()
  const app = buildApi(engine, { logger, closing: closing.signal })
  const socketPath = ownerSocketPath(engine.runRoot)
  await listen(app, socketPath)
  const unwatch = idle && watchIdle(app.server, engine, idle.seconds, idle.onIdle)
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    unwatch?.()
    // First, so that the next verb does not meet an owner that is about to leave.
    rmSync(socketPath, { force: true })
    closing.abort(
      new EngineClosedError(`the owner of ${engine.runRoot} is closing`, {
        hint: 'containers live on; ask again, and a new owner finds them',
      }),
    )
    await closeWithin(app, CLOSE_GRACE_MS)
  }
  return {
    socketPath,
    close() {
      closed ??= close()
      return closed
    },
  }
}

/** Listens under another name first: whoever finds the socket finds it answering, and private. */
async function listen(app: FastifyInstance, socketPath: string): Promise<void> {
  const unready = join(dirname(socketPath), 'owner.new')
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new RootError(`the socket's path ${socketPath} is longer than ${MAX_SOCKET_PATH} bytes`, {
      hint: 'choose a shorter --run-root',
    })
  }
  try {
    rmSync(unready, { force: true })
    await app.listen({ path: unready, listenTextResolver: () => `the owner answers on ${socketPath}` })
    chmodSync(unready, 0o600)
    renameSync(unready, socketPath)
  } catch (error) {
    await app.close()
    throw new RootError(`cannot listen on ${socketPath}: ${(error as Error).message}`, { cause: error })
  }
}

async function closeWithin(app: FastifyInstance, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), milliseconds)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
