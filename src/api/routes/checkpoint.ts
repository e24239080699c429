import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { ApiContext } from '../context.ts'
import { documented } from '../openapi/documentation.ts'
import { ContainerInfo } from '../openapi/shapes/container.ts'
import { requestSignal } from '../request-signal.ts'
import { NoQuery, RefParams } from '../schemas.ts'

const image = {
  imagePath: Type.Optional(Type.String()),
  tcpEstablished: Type.Optional(Type.Boolean()),
}
const strict = { additionalProperties: false } as const

const CheckpointBody = Type.Union([
  Type.Object({ ...image, leaveRunning: Type.Optional(Type.Boolean()) }, strict),
  Type.Null(),
])
const RestoreBody = Type.Union([Type.Object(image, strict), Type.Null()])

/** Routes that write a container's processes to disk, and bring them back; each answers with the container. */
export function addCheckpointRoutes(app: FastifyInstance, { engine, closing }: ApiContext): void {
  app.post<{ Params: RefParams; Body: Static<typeof CheckpointBody> }>(
    '/v1/containers/:ref/checkpoint',
    {
      schema: { params: RefParams, querystring: NoQuery, body: CheckpointBody },
      config: documented('checkpointContainer', "Writes a container's processes to disk", ContainerInfo),
    },
    async ({ params, body }, reply) => {
      const container = engine.get(params.ref)
      await container.checkpoint({ ...body, signal: requestSignal(reply, closing) })
      return container.inspect()
    },
  )
  app.post<{ Params: RefParams; Body: Static<typeof RestoreBody> }>(
    '/v1/containers/:ref/restore',
    {
      schema: { params: RefParams, querystring: NoQuery, body: RestoreBody },
      config: documented('restoreContainer', 'Brings the processes of a checkpoint back', ContainerInfo),
    },
    async ({ params, body }, reply) => {
      const container = engine.get(params.ref)
      await container.restore({ ...body, signal: requestSignal(reply, closing) })
      return container.inspect()
    },
  )
}
