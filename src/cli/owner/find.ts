import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RunchartError } from '../../../effects/errors.ts'
import { type Client, connectOwner } from '../../client/client.ts'
import { ownerSocketPath } from '../../root/paths.ts'
import type { Globals } from '../input/globals.ts'
import { note } from '../output/print.ts'

/** Milliseconds that whoever holds the root, or is starting, has to begin to answer or to be gone. */
const PATIENCE_MS = 30_000
/** After so many milliseconds a person is told what is waited for. */
const EXPLAIN_MS = 2_000
/** Milliseconds until the next look at a start that another verb has under way. */
const STARTING_MS = 50
/** Milliseconds until the next look at a root that is held: its owner may be about to leave. */
const OWNED_MS = 300

/** What a first call says where there is no owner, or none any more. */
const ABSENT = new Set(['ENOOWNER', 'EOWNERGONE', 'ECLOSED'])

/** Connects to the root's owner. Where there is none, one is started in the background. */
export async function findOwner(globals: Globals): Promise<Client> {
  const socketPath = ownerSocketPath(globals.runRoot)
  const begun = performance.now()
  let explained = false
  for (;;) {
    const client = await reach(socketPath)
    if (client !== undefined) return client
    const obstacle = await startOnce(globals)
    if (obstacle === undefined) continue
    const waited = performance.now() - begun
    if (waited > PATIENCE_MS) throw silentOwner(obstacle, socketPath)
    if (waited > EXPLAIN_MS && !explained) {
      explained = true
      note(`runchart: ${obstacle.message}; waiting for it to answer`)
    }
    await delay(obstacle.code === 'ESTARTING' ? STARTING_MS : OWNED_MS)
  }
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

/**
 * Starts an owner, unless another verb is at it: twenty verbs on a fresh root need not load twenty engines.
 * Resolves with what is in the way, if it is something that passes; throws what does not.
 */
async function startOnce(globals: Globals): Promise<RunchartError | undefined> {
  const [{ makeDirectory, own }, { makeOwnDirectory }, { startInBackground }] = await loadStarters()
  let turn: { release(): void }
  try {
    turn = own(makeOwnDirectory(join(makeDirectory(globals.runRoot), 'starting')))
  } catch (error) {
    if (!isOwned(error)) throw error
    return new RunchartError('ESTARTING', `another process is starting an owner of ${globals.runRoot}`)
  }
  try {
    const refusal = await startInBackground(globals)
    if (refusal === undefined || isOwned(refusal)) return refusal
    throw refusal
  } finally {
    turn.release()
  }
}

async function loadStarters() {
  const { dropExperimentalWarning } = await import('./warnings.ts')
  dropExperimentalWarning()
  return Promise.all([
    import('../../root/ownership.ts'),
    import('../../root/own.ts'),
    import('./background.ts'),
  ])
}

function isOwned(error: unknown): boolean {
  return error instanceof RunchartError && error.code === 'EROOTOWNED'
}

function silentOwner({ code, message }: RunchartError, socketPath: string): RunchartError {
  return new RunchartError(code, `${message}, and nobody answers on ${socketPath}`, {
    hint: 'the program that owns the root does not serve its socket, or uses another --run-root',
  })
}
