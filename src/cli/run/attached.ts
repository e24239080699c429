import { constants } from 'node:os'
import { RunchartError } from '../../../effects/errors.ts'
import type { Client, ClientCreateOptions } from '../../client/client.ts'
import type { ContainerInfo, ExitRecord } from '../../types.ts'
import { EXIT_FAILURE } from '../exit-codes.ts'
import { copyOutput } from '../output/copy.ts'
import { note } from '../output/print.ts'
import { passInput, runSession, type SessionOptions } from '../terminal/session.ts'
import { abortOnSignal, forwardSignals } from './signals.ts'

/** What a call says whose owner closes, or died. */
const OWNER_LEFT: ReadonlySet<string> = new Set(['ECLOSED', 'EOWNERGONE', 'ENOOWNER'])

/**
 * Takes a container through its life with its output on this process's, and this process's input on it where it is
 * to have one. Resolves with the exit code of its command once all output is out, or with 0 where the person at the
 * terminal has left it by typing `detachKeys`.
 */
export async function runAttached(
  client: Client,
  options: ClientCreateOptions,
  detachKeys: readonly number[],
): Promise<number> {
  const creation = await createOrGiveUp(client, options)
  if (typeof creation === 'number') return creation
  const { id, terminal } = creation
  const stdin = options.stdin === true
  // Until this is done no signal may end this process, or the container would be left behind.
  const stopForwarding = forwardSignals(client, id)
  let left = false
  try {
    // The log has no bound on how far a reader is behind; a terminal shows what is there now.
    if (!terminal || !(options.terminal === true || stdin)) return toExitCode(await follow(client, id, stdin))
    const record = await followTerminal(client, id, { stdin, detachKeys })
    left = record === undefined
    return record === undefined ? 0 : toExitCode(record)
  } catch (error) {
    // Then it lives on, and the next owner removes it.
    left = error instanceof RunchartError && OWNER_LEFT.has(error.code)
    throw error
  } finally {
    // The owner does it too; this verb ends when it is done.
    if (options.autoRemove === true && !left) await client.remove(id, { force: true }).catch(explain(id))
    stopForwarding()
  }
}

/** Starts it with its terminal on this one; undefined where that was left. */
async function followTerminal(
  client: Client,
  id: string,
  options: SessionOptions,
): Promise<ExitRecord | undefined> {
  const attachment = await client.attach(id)
  try {
    const session = runSession(attachment, options)
    const { generation } = await Promise.race([client.start(id), failure(session)])
    if ((await session) === 'detached') return undefined
    return await client.wait(id, { generation })
  } finally {
    attachment.detach()
  }
}

/** Makes the container; where a signal comes first it is undone, and the exit code is that of the signal. */
async function createOrGiveUp(client: Client, options: ClientCreateOptions): Promise<ContainerInfo | number> {
  const interruption = abortOnSignal()
  try {
    return await client.create(options, { signal: interruption.signal })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    return 128 + constants.signals[interruption.signal.reason as NodeJS.Signals]
  } finally {
    interruption.done()
  }
}

async function follow(client: Client, id: string, stdin: boolean): Promise<ExitRecord> {
  const enough = new AbortController()
  const attachment = stdin ? await client.attach(id, { output: false }) : undefined
  const input = attachment && passInput(attachment)
  const output = copyOutput(client.logs(id, { follow: true, signal: enough.signal }))
  try {
    const { generation } = await Promise.race([client.start(id), failure(output)])
    const exit = client.wait(id, { generation, signal: enough.signal })
    const [record] = await Promise.all([exit, output])
    return record
  } finally {
    enough.abort()
    output.catch(() => {})
    input?.stop()
    attachment?.detach()
  }
}

/** Rejects when that does, and otherwise never settles. */
const failure = (promise: Promise<unknown>): Promise<never> =>
  new Promise((_resolve, reject) => {
    promise.catch(reject)
  })

/** No exit code is known of a container whose monitor died, or that a restart of the machine ended. */
export function toExitCode({ code, cause, name }: ExitRecord): number {
  if (code >= 0) return code
  note(`runchart: how container ${name} ended is not known: ${cause}`)
  return EXIT_FAILURE
}

const explain =
  (id: string) =>
  (error: Error): void => {
    const { code } = error as { code?: unknown }
    if (code === 'ENOTFOUND' || code === 'EREMOVED') return
    note(`runchart: container ${id.slice(0, 12)} could not be removed: ${error.message}`)
  }
