import type { FastifyInstance } from 'fastify'
import type { ApiContext } from '../context.ts'
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
  app.get('/v1/version', { schema: { querystring: NoQuery } }, () => info)
  app.get('/v1/snapshot', { schema: { querystring: NoQuery } }, () => engine.snapshot())
}
