import { setTimeout as delay } from 'node:timers/promises'
import { RunchartError } from '../../../effects/errors.ts'
import { type Client, connectOwner } from '../../client/client.ts'
import { ownerSocketPath } from '../../engine/paths.ts'
import type { Globals } from '../input/globals.ts'
import { note } from '../output/print.ts'
import { startInBackground } from './background.ts'

/** Milliseconds that another owner, which holds the root, has to begin to answer, or to be gone. */
const PATIENCE_MS = 15_000
/** After so many milliseconds a person is told what is waited for. */
const EXPLAIN_MS = 2_000
const RETRY_MS = 50
/** Tries to connect before another owner is started: the one that holds the root may be leaving. */
const TRIES = 10

/** What an attempt to reach an owner says when there is none, or none any more. */
const ABSENT = new Set(['ENOOWNER', 'EOWNERGONE', 'ECLOSED'])

/** Connects to the root's owner. Where there is none, one is started in the background. */
export async function findOwner(globals: Globals): Promise<Client> {
  const socketPath = ownerSocketPath(globals.runRoot)
  const begun = Date.now()
  let client = await reach(socketPath)
  let explained = false
  while (client === undefined) {
    // Whoever loses the root to another that started at the same time works with the winner.
    const refusal = await startInBackground(globals)
    if (refusal !== undefined && refusal.code !== 'EROOTOWNED') throw refusal
    client = await reachSoon(socketPath, refusal === undefined ? 1 : TRIES)
    const waited = Date.now() - begun
    if (client === undefined && refusal !== undefined) {
      if (waited > PATIENCE_MS) throw silentOwner(refusal, socketPath)
      if (waited > EXPLAIN_MS && !explained) note(`runchart: ${refusal.message}; waiting for it to answer`)
      explained ||= waited > EXPLAIN_MS
    }
  }
  return client
}

async function reachSoon(socketPath: string, tries: number): Promise<Client | undefined> {
  for (let left = tries; left > 0; left -= 1) {
    const client = await reach(socketPath)
    if (client !== undefined) return client
    await delay(RETRY_MS)
  }
  return undefined
}

/** A first call, since an owner that is about to leave still accepts connections. */
async function reach(socketPath: string): Promise<Client | undefined> {
  const client = connectOwner(socketPath)
  try {
    await client.version()
    return client
  } catch (error) {
    client.close()
    if (error instanceof RunchartError && ABSENT.has(error.code)) return undefined
    throw error
  }
}

function silentOwner(refusal: RunchartError, socketPath: string): RunchartError {
  return new RunchartError(refusal.code, `${refusal.message}, and nobody answers on ${socketPath}`, {
    hint: 'the program that owns the root does not serve its socket, or uses another --run-root',
  })
}
