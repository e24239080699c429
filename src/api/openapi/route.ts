import type { FastifyInstance } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { NoQuery } from '../schemas.ts'
import { attachDescribed } from '../upgrade/documentation.ts'
import { type DescribedRoute, openApiDocument } from './document.ts'
import { documented } from './documentation.ts'

/** Describes the routes that are added from now on, and answers with what they are. Goes before them. */
export function addOpenApi(app: FastifyInstance): void {
  const routes: DescribedRoute[] = [attachDescribed]
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    for (const one of [method].flat()) {
      // The framework adds it to each GET.
      if (one === 'HEAD') continue
      const { params, querystring, body } = (schema ?? {}) as Record<string, TSchema | undefined>
      routes.push({ method: one, url, params, querystring, body, documentation: config?.documentation })
    }
  })
  let text: string | undefined
  app.get(
    '/v1/openapi.json',
    {
      schema: { querystring: NoQuery },
      config: documented('getOpenApi', 'This document', Type.Object({}), 'OpenAPI 3.1.'),
    },
    (_request, reply) => {
      text ??= JSON.stringify(openApiDocument(routes))
      return reply.type('application/json').send(text)
    },
  )
}
