import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { hasLabels } from '../../spec/labels.ts'
import type { Container, ContainerState, Engine, ContainerInfo as Info } from '../../types.ts'
import type { ApiContext } from '../context.ts'
import { openDescriptors } from '../exec/descriptors.ts'
import { documented } from '../openapi/documentation.ts'
import { ContainerInfo } from '../openapi/shapes/container.ts'
import { ProcessInfo } from '../openapi/shapes/replies.ts'
import { requestSignal } from '../request-signal.ts'
import { CreateBody, isSet, ListQuery, NoQuery, RefParams, RemoveQuery } from '../schemas.ts'

/** What a list leaves out unless all are asked for: states in which the container's command does not run. */
const NOT_RUNNING: ReadonlySet<ContainerState> = new Set([
  'configured',
  'creating',
  'created',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
])

/** One whose restart is put off is up, as far as anybody is concerned who looks. */
function isUp({ state, restart }: Info): boolean {
  return !NOT_RUNNING.has(state) || restart?.state === 'backing-off'
}

/** Routes that make, show and remove containers. */
export function addContainerRoutes(app: FastifyInstance, context: ApiContext): void {
  const { engine, closing } = context
  app.get<{ Querystring: ListQuery }>(
    '/v1/containers',
    {
      schema: { querystring: ListQuery },
      config: documented('listContainers', 'Those that run, or will soon, or all', Type.Array(ContainerInfo)),
    },
    ({ query }) => {
      const wanted = [query.label ?? []].flat()
      return engine
        .snapshot()
        .containers.filter((info) => isSet(query.all) || isUp(info))
        .filter(({ labels }) => hasLabels(labels, wanted))
    },
  )
  app.post<{ Body: CreateBody }>(
    '/v1/containers',
    {
      schema: { body: CreateBody, querystring: NoQuery },
      config: {
        documentation: {
          id: 'createContainer',
          summary: 'Makes a container',
          replies: { 201: { description: 'It is made', schema: ContainerInfo } },
        },
      },
    },
    async ({ body }, reply) => {
      const container = await create(engine, body, requestSignal(reply, closing))
      return reply.code(201).send(container.inspect())
    },
  )
  app.get<{ Params: RefParams }>(
    '/v1/containers/:ref',
    {
      schema: { params: RefParams, querystring: NoQuery },
      config: documented('inspectContainer', 'Shows a container', ContainerInfo),
    },
    ({ params }) => engine.get(params.ref).inspect(),
  )
  app.get<{ Params: RefParams }>(
    '/v1/containers/:ref/top',
    {
      schema: { params: RefParams, querystring: NoQuery },
      config: documented('topContainer', 'The processes of a container', Type.Array(ProcessInfo)),
    },
    ({ params }, reply) => engine.get(params.ref).top({ signal: requestSignal(reply, closing) }),
  )
  app.delete<{ Params: RefParams; Querystring: RemoveQuery }>(
    '/v1/containers/:ref',
    {
      schema: { params: RefParams, querystring: RemoveQuery },
      config: {
        documentation: {
          id: 'removeContainer',
          summary: 'Removes a container; with `force` kills a live one first',
          replies: { 204: { description: 'It is gone' } },
        },
      },
    },
    async ({ params, query }, reply) => {
      const signal = requestSignal(reply, closing)
      await engine.get(params.ref).remove({ force: isSet(query.force), by: query.by, signal })
      return reply.code(204).send()
    },
  )
}

/** Makes a container. What its client hands over is opened here only until it is made. */
async function create(engine: Engine, body: CreateBody, signal: AbortSignal): Promise<Container> {
  const { preserveFds, ...options } = body
  if (preserveFds === undefined) return engine.create(options, { signal })
  const opened = openDescriptors(preserveFds)
  try {
    return await engine.create({ ...options, preserveFds: opened.fds }, { signal })
  } finally {
    opened.close()
  }
}
