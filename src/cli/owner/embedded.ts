import { pino } from 'pino'
import { closeOwner, serveOwner } from '../../api/serve.ts'
import { type Client, connectOwner } from '../../client/client.ts'
import { openEngine } from '../../engine/open.ts'
import type { Globals } from '../input/globals.ts'
import { takeUsualUmask } from './umask.ts'
import { dropExperimentalWarning } from './warnings.ts'

/**
 * Does a verb's work with an owner in this very process. It serves the same socket, so that a second terminal
 * reaches it and there is one way from a verb to an engine. Containers live on when it ends.
 */
export async function withEmbeddedOwner(
  { root, runRoot, runtime, conmon, criu, creation }: Globals,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  dropExperimentalWarning()
  takeUsualUmask()
  const logger = pino({ level: 'silent' })
  const engine = await openEngine({
    ...{ root, runRoot, runtime, conmon, criu, ...creation, logger },
    restartStopped: 'never',
  })
  try {
    const server = await serveOwner(engine, { logger })
    const client = connectOwner(server.socketPath)
    try {
      await work(client)
    } finally {
      client.close()
      await closeOwner(engine, server)
    }
  } finally {
    await engine.close()
  }
}
