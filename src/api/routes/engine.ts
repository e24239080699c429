import type { FastifyInstance } from 'fastify'
import type { ApiContext } from '../context.ts'
import { documented } from '../openapi/documentation.ts'
import * as Shapes from '../openapi/shapes/replies.ts'
import { NoQuery } from '../schemas.ts'
import { packageVersion } from '../version.ts'
import type { OwnerInfo } from '../wire.ts'

/** Routes about the engine as a whole. */
export function addEngineRoutes(app: FastifyInstance, { engine }: ApiContext): void {
  const info: OwnerInfo = {
    version: packageVersion(),
    pid: process.pid,
    root: engine.root,
    runRoot: engine.runRoot,
  }
  app.get(
    '/v1/version',
    {
      schema: { querystring: NoQuery },
      config: documented('getVersion', 'Says which runchart owns which root', Shapes.OwnerInfo),
    },
    () => info,
  )
  app.get(
    '/v1/snapshot',
    {
      schema: { querystring: NoQuery },
      config: documented(
        'getSnapshot',
        'All containers, and where to follow the events from',
        Shapes.Snapshot,
      ),
    },
    () => engine.snapshot(),
  )
}
