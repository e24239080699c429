import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { RunchartError } from '../errors.ts'
import type { ApiContext } from './context.ts'
import { toErrorReply, toInputError } from './error-reply.ts'
import { addExecRoutes } from './exec/routes.ts'
import { addOpenApi } from './openapi/route.ts'
import { addCheckpointRoutes } from './routes/checkpoint.ts'
import { addCommandRoutes } from './routes/commands.ts'
import { addContainerRoutes } from './routes/containers.ts'
import { addEngineRoutes } from './routes/engine.ts'
import { addFollowRoute } from './routes/follow.ts'
import { addStreamRoutes } from './routes/streams.ts'
import { COMPILERS } from './validation.ts'
import { SEQ_HEADER } from './wire.ts'

/** Bytes. Linux takes at most 2 MiB of argv and environment together; JSON may double them. */
const BODY_LIMIT = 4 * 1024 * 1024

/** The owner's API over an engine, not yet listening, and without upgrades. */
export function buildApi(context: ApiContext, logger: FastifyBaseLogger): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 4096 },
    schemaController: COMPILERS,
    schemaErrorFormatter: toInputError,
  })
  // Never: a connection that the server closes just as a client sends looks like an owner that died. The
  // framework takes 0 for its own 72 s.
  app.server.keepAliveTimeout = 0
  answerErrors(app)
  app.addHook('onSend', async (_request, reply) => {
    reply.header(SEQ_HEADER, context.engine.events.last)
  })
  addOpenApi(app)
  addEngineRoutes(app, context)
  addContainerRoutes(app, context)
  addCommandRoutes(app, context)
  addCheckpointRoutes(app, context)
  addExecRoutes(app, context)
  addStreamRoutes(app, context)
  addFollowRoute(app, context)
  return app
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, reply: body } = toErrorReply(error)
    const level = status === 500 && !(error instanceof RunchartError) ? 'error' : 'debug'
    request.log[level]({ err: error, method: request.method, url: request.url }, 'a request failed')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((request) => {
    throw new RunchartError('ENOROUTE', `the owner does not know ${request.method} ${request.url}`)
  })
}
