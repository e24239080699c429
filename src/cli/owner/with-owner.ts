import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { readGlobals } from '../input/globals.ts'
import { note } from '../output/print.ts'

const ACTIVATED =
  'runchart: the sockets in LISTEN_FDS reach no container: its owner is another process; --embedded hands them on'

/** Does a verb's work with the root's owner: the one that is there, one that is started, or, embedded, itself. */
export async function withOwner(command: Command, work: (client: Client) => Promise<void>): Promise<void> {
  const globals = readGlobals(command)
  if (globals.embedded) {
    const { withEmbeddedOwner } = await import('./embedded.ts')
    return withEmbeddedOwner(globals, work)
  }
  if (process.env.LISTEN_PID === String(process.pid)) note(ACTIVATED)
  const { findOwner } = await import('./find.ts')
  const client = await findOwner(globals)
  try {
    await work(client)
  } finally {
    client.close()
  }
}
