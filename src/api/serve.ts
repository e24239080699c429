import { renameSync } from 'node:fs'
import type { Server } from 'node:http'
import { basename, dirname, join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { removeFrom, setMode } from '../../effects/files/unfollowed.ts'
import { EngineClosedError, RootError } from '../errors.ts'
import { ownerSocketPath } from '../root/paths.ts'
import type { Engine } from '../types.ts'
import { buildApi } from './build.ts'
import { CLOSE_GRACE_MS } from './context.ts'
import { watchIdle } from './idle.ts'
import { attachRoute } from './upgrade/attach.ts'
import { addUpgrades } from './upgrade/upgrade.ts'

/** Bytes of a socket's path that Linux takes. */
const MAX_SOCKET_PATH = 107

/** Options of {@link serveOwner}. */
export interface OwnerOptions {
  logger: FastifyBaseLogger
  /**
   * Where the API is to say when nothing has lived and nobody has asked for that many seconds, neither here nor of the
   * servers `besides`.
   */
  idle?: { seconds: number; onIdle: () => void; besides?: readonly Server[] } | undefined
}

/** The owner's API, listening. */
export interface OwnerServer {
  readonly socketPath: string
  /**
   * Lets nobody new in, and tells those to go who only look on, or whose command is bound to the owner. Other commands
   * go on, and are answered.
   */
  leave(): void
  /** Leaves, and ends what is open within a second or so. The engine stays open. */
  close(): Promise<void>
}

/** Closes an engine and its server: commands under way finish, or are told that they have not, and none looks lost. */
export async function closeOwner(engine: Engine, server: OwnerServer): Promise<void> {
  server.leave()
  await engine.close().finally(() => server.close())
}

/**
 * Answers for an engine on the socket in its run root, which only its user may open. A socket that a dead owner
 * left behind is replaced: the engine holds the root's lock, so nobody else answers there.
 *
 * Throws RootError where the socket cannot be made.
 */
export async function serveOwner(engine: Engine, options: OwnerOptions): Promise<OwnerServer> {
  const { logger, idle } = options
  const [leaving, closing] = [new AbortController(), new AbortController()]
  const context = { engine, leaving: leaving.signal, closing: closing.signal }
  const app = buildApi(context, logger)
  addUpgrades(app, context, { attach: attachRoute })
  const socketPath = ownerSocketPath(engine.runRoot)
  await listen(app, socketPath)
  const unwatch = idle && watchIdle([app.server, ...(idle.besides ?? [])], engine, idle.seconds, idle.onIdle)
  const why = new EngineClosedError(`the owner of ${engine.runRoot} is closing`, {
    hint: 'containers live on; ask again, and a new owner finds them',
  })
  const leave = (): void => {
    if (leaving.signal.aborted) return
    unwatch?.()
    // First, so that the next verb does not meet an owner that is about to leave.
    removeFrom(engine.runRoot, basename(socketPath))
    leaving.abort(why)
  }
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    leave()
    closing.abort(why)
    await closeWithin(app, CLOSE_GRACE_MS)
  }
  return {
    socketPath,
    leave,
    close() {
      closed ??= close()
      return closed
    },
  }
}

/** Listens under another name first: whoever finds the socket finds it answering, and private. */
async function listen(app: FastifyInstance, socketPath: string): Promise<void> {
  // A name of its own: it is removed again when the server closes, and by then the next owner may be at this.
  const unready = join(dirname(socketPath), `owner.${process.pid}.new`)
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new RootError(`the socket's path ${socketPath} is longer than ${MAX_SOCKET_PATH} bytes`, {
      hint: 'choose a shorter --run-root',
    })
  }
  try {
    removeFrom(dirname(unready), basename(unready))
    await app.listen({ path: unready, listenTextResolver: () => `the owner answers on ${socketPath}` })
    setMode(unready, 0o600)
    renameSync(unready, socketPath)
  } catch (error) {
    await app.close()
    throw new RootError(`cannot listen on ${socketPath}: ${(error as Error).message}`, {
      hint: 'see what stands there; a socket or a link is replaced, a directory is not',
      cause: error,
    })
  }
}

/** Ends what is open once the time is up. */
export async function closeWithin(app: FastifyInstance, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), milliseconds)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
