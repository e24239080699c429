import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import Type from 'typebox'
import type { ApiContext } from '../context.ts'
import { toInputError } from '../error-reply.ts'
import { documented } from '../openapi/documentation.ts'
import { ExecBegun, ExecInfo, ExecResult } from '../openapi/shapes/replies.ts'
import { requestSignal } from '../request-signal.ts'
import { KillBody, NoQuery, RefParams } from '../schemas.ts'
import { FRAMES_IN_WORDS } from '../upgrade/documentation.ts'
import { FRAMES_TYPE } from '../wire.ts'
import { openDescriptors } from './descriptors.ts'
import { ExecBody, ExecStopBody, ExecStreamRequest, SessionParams } from './schemas.ts'
import { FrameInput, serveSession } from './serve-stream.ts'

/** Routes that run commands in a container, show them and end them. */
export function addExecRoutes(app: FastifyInstance, context: ApiContext): void {
  addExec(app, context)
  addExecStream(app, context)
  addSessions(app, context)
}

/** Answers with what the command left behind; with `detach`, once it runs, with its session. */
function addExec(app: FastifyInstance, { engine, leaving, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: ExecBody }>(
    '/v1/containers/:ref/exec',
    {
      schema: { params: RefParams, querystring: NoQuery, body: ExecBody },
      config: {
        documentation: {
          id: 'execInContainer',
          summary: 'Runs a command to its end, or with `detach` only begins it',
          replies: {
            200: { description: 'What it left behind', schema: ExecResult },
            201: { description: 'It has begun, detached', schema: ExecBegun },
          },
        },
      },
    },
    async ({ params, body }, reply) => {
      const { command, detach, tty, stdin, maxOutputBytes, preserveFds, ...options } = body
      const container = engine.get(params.ref)
      // What is not detached is bound to the owner, and ends with it.
      const signal = requestSignal(reply, detach === true ? closing : leaving)
      const opened = openDescriptors(preserveFds)
      try {
        const given = { ...options, preserveFds: opened.fds, signal }
        if (detach === true) {
          const session = await container.execSession(command, { ...given, detach, tty })
          // Nobody waits for it here.
          session.exited.catch(() => {})
          return reply.code(201).send({ id: session.id, pid: session.pid })
        }
        const input = stdin === undefined ? undefined : Buffer.from(stdin, 'base64')
        return await container.exec(command, { ...given, stdin: input, maxOutputBytes })
      } finally {
        opened.close()
      }
    },
  )
}

function addExecStream(app: FastifyInstance, { engine, leaving }: ApiContext): void {
  app.addContentTypeParser(FRAMES_TYPE, (_request, payload, done) => done(null, payload))
  app.post<{ Params: RefParams; Body: IncomingMessage }>(
    '/v1/containers/:ref/exec/stream',
    {
      schema: { params: RefParams, querystring: NoQuery },
      config: {
        documentation: {
          id: 'execStream',
          summary: 'Runs a command with its streams',
          description: `Both bodies are frames, and go on at the same time. ${FRAMES_IN_WORDS}`,
          body: {
            description: 'A json frame, the command (`x-first-frame`), then stdin, resize and end',
            type: FRAMES_TYPE,
            schema: Type.String({ 'x-first-frame': ExecStreamRequest }),
          },
          replies: {
            200: {
              description:
                'A json frame with `id` and `pid` once it runs, then stdout and stderr, last a json frame with ' +
                '`exit` (`code`, `signal`, `cause`), or error',
              type: 'application/octet-stream',
              schema: Type.String(),
            },
          },
        },
      },
    },
    async (request, reply) => {
      const signal = requestSignal(reply, leaving)
      const container = engine.get(request.params.ref)
      const input = new FrameInput(request.body)
      const asked = await input.first()
      const isRight = request.compileValidationSchema(ExecStreamRequest)
      if (!isRight(asked)) throw toInputError(isRight.errors as FastifySchemaValidationError[], 'body')
      const { command, preserveFds, ...options } = asked as ExecStreamRequest
      const opened = openDescriptors(preserveFds)
      const session = await container
        .execSession(command, { ...options, preserveFds: opened.fds, signal })
        .finally(() => opened.close())
      reply.hijack()
      await serveSession(session, input, reply.raw, signal)
    },
  )
}

function addSessions(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.get<{ Params: RefParams }>(
    '/v1/containers/:ref/execs',
    {
      schema: { params: RefParams, querystring: NoQuery },
      config: documented('listExecs', 'The commands that run in a container', Type.Array(ExecInfo)),
    },
    ({ params }) => engine.get(params.ref).execs(),
  )
  app.post<{ Params: RefParams; Body: ExecStopBody }>(
    '/v1/containers/:ref/execs/stop',
    {
      schema: { params: RefParams, querystring: NoQuery, body: ExecStopBody },
      config: documented(
        'stopExecs',
        'Ends one command, or all; answers with the rest',
        Type.Array(ExecInfo),
      ),
    },
    async ({ params, body }, reply) => {
      const container = engine.get(params.ref)
      await container.execStop({ ...body, signal: requestSignal(reply, closing) })
      return container.execs()
    },
  )
  app.post<{ Params: SessionParams; Body: KillBody }>(
    '/v1/containers/:ref/execs/:session/kill',
    {
      schema: { params: SessionParams, querystring: NoQuery, body: KillBody },
      config: documented('killExec', 'Sends a signal to one command', Type.Array(ExecInfo)),
    },
    async ({ params, body }, reply) => {
      const container = engine.get(params.ref)
      await container.execKill(params.session, body?.signal, { signal: requestSignal(reply, closing) })
      return container.execs()
    },
  )
}
