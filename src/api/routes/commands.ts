import type { FastifyInstance } from 'fastify'
import type { CallOptions, Container, ExitRecord } from '../../types.ts'
import type { ApiContext } from '../context.ts'
import { requestSignal } from '../request-signal.ts'
import { ExitQuery, KillBody, NoBody, NoQuery, RefParams, StopBody, toNumber, WaitQuery } from '../schemas.ts'

type PlainCommand = (container: Container, options: CallOptions) => Promise<unknown>

/** Commands without a body; each answers with the container as it is then. */
const PLAIN_COMMANDS: Record<string, PlainCommand> = {
  create: (container, options) => container.create(options),
  start: (container, options) => container.start(options),
  pause: (container, options) => container.pause(options),
  resume: (container, options) => container.resume(options),
  cleanup: (container, options) => container.cleanup(options),
  refresh: (container, options) => container.refresh(options),
}

/** Routes that command one container, and the one that waits for what becomes of it. */
export function addCommandRoutes(app: FastifyInstance, context: ApiContext): void {
  for (const [name, command] of Object.entries(PLAIN_COMMANDS)) addPlainCommand(app, context, name, command)
  addStop(app, context)
  addKill(app, context)
  addWait(app, context)
  addExit(app, context)
}

function addExit(app: FastifyInstance, { engine }: ApiContext): void {
  app.get<{ Params: RefParams; Querystring: ExitQuery }>(
    '/v1/containers/:ref/exit',
    { schema: { params: RefParams, querystring: ExitQuery } },
    ({ params, query }) => engine.exitRecord(params.ref, toNumber(query.generation)),
  )
}

function addPlainCommand(
  app: FastifyInstance,
  { engine, closing }: ApiContext,
  name: string,
  command: PlainCommand,
): void {
  app.post<{ Params: RefParams }>(
    `/v1/containers/:ref/${name}`,
    { schema: { params: RefParams, querystring: NoQuery, body: NoBody } },
    async ({ params }, reply) => {
      const container = engine.get(params.ref)
      await command(container, { signal: requestSignal(reply, closing) })
      return container.inspect()
    },
  )
}

function addStop(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: StopBody }>(
    '/v1/containers/:ref/stop',
    { schema: { params: RefParams, querystring: NoQuery, body: StopBody } },
    ({ params, body }, reply): Promise<ExitRecord> => {
      const signal = requestSignal(reply, closing)
      return engine.get(params.ref).stop({ ...body, signal })
    },
  )
}

function addKill(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: KillBody }>(
    '/v1/containers/:ref/kill',
    { schema: { params: RefParams, querystring: NoQuery, body: KillBody } },
    async ({ params, body }, reply) => {
      const container = engine.get(params.ref)
      await container.kill(body?.signal, { by: body?.by, signal: requestSignal(reply, closing) })
      return container.inspect()
    },
  )
}

function addWait(app: FastifyInstance, { engine, leaving }: ApiContext): void {
  app.get<{ Params: RefParams; Querystring: WaitQuery }>(
    '/v1/containers/:ref/wait',
    { schema: { params: RefParams, querystring: WaitQuery } },
    async ({ params, query }, reply) => {
      const result = await engine.wait(params.ref, {
        for: query.for,
        generation: toNumber(query.generation),
        timeout: toNumber(query.timeout),
        signal: requestSignal(reply, leaving),
      })
      // The framework would send nothing at all for null.
      return reply.type('application/json').send(JSON.stringify(result))
    },
  )
}
