import type { FastifyInstance } from 'fastify'
import type { CallOptions, Container, ExitRecord } from '../../types.ts'
import type { ApiContext } from '../context.ts'
import { documented } from '../openapi/documentation.ts'
import * as Shapes from '../openapi/shapes/container.ts'
import { WaitResult } from '../openapi/shapes/replies.ts'
import { requestSignal } from '../request-signal.ts'
import { ExitQuery, KillBody, NoBody, NoQuery, RefParams, StopBody, toNumber, WaitQuery } from '../schemas.ts'

interface PlainCommand {
  summary: string
  run: (container: Container, options: CallOptions) => Promise<unknown>
}

/** Commands without a body; each answers with the container as it is then. */
const PLAIN_COMMANDS: Record<string, PlainCommand> = {
  create: {
    summary: 'Makes the runtime container again, after an exit',
    run: (container, options) => container.create(options),
  },
  start: { summary: 'Starts a container', run: (container, options) => container.start(options) },
  pause: { summary: 'Freezes a container', run: (container, options) => container.pause(options) },
  resume: { summary: 'Thaws a container', run: (container, options) => container.resume(options) },
  cleanup: {
    summary: 'Has the runtime let go of a container that has exited',
    run: (container, options) => container.cleanup(options),
  },
  refresh: {
    summary: 'Asks the runtime and the process table what is true',
    run: (container, options) => container.refresh(options),
  },
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
    {
      schema: { params: RefParams, querystring: ExitQuery },
      config: documented('getExit', 'The exit record of a run, the last where left out', Shapes.ExitRecord),
    },
    ({ params, query }) => engine.exitRecord(params.ref, toNumber(query.generation)),
  )
}

function addPlainCommand(
  app: FastifyInstance,
  { engine, closing }: ApiContext,
  name: string,
  { summary, run }: PlainCommand,
): void {
  app.post<{ Params: RefParams }>(
    `/v1/containers/:ref/${name}`,
    {
      schema: { params: RefParams, querystring: NoQuery, body: NoBody },
      config: documented(
        name === 'create' ? 'recreateContainer' : `${name}Container`,
        summary,
        Shapes.ContainerInfo,
      ),
    },
    async ({ params }, reply) => {
      const container = engine.get(params.ref)
      await run(container, { signal: requestSignal(reply, closing) })
      return container.inspect()
    },
  )
}

function addStop(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: StopBody }>(
    '/v1/containers/:ref/stop',
    {
      schema: { params: RefParams, querystring: NoQuery, body: StopBody },
      config: documented(
        'stopContainer',
        'The stop signal, and SIGKILL when the time is up; answers with the exit',
        Shapes.ExitRecord,
      ),
    },
    ({ params, body }, reply): Promise<ExitRecord> => {
      const signal = requestSignal(reply, closing)
      return engine.get(params.ref).stop({ ...body, signal })
    },
  )
}

function addKill(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: KillBody }>(
    '/v1/containers/:ref/kill',
    {
      schema: { params: RefParams, querystring: NoQuery, body: KillBody },
      config: documented('killContainer', 'Sends a signal, SIGKILL where left out', Shapes.ContainerInfo),
    },
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
    {
      schema: { params: RefParams, querystring: WaitQuery },
      config: documented('waitContainer', 'Waits, for the exit where nothing else is said', WaitResult),
    },
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
