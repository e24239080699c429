import { constants } from 'node:os'
import type { Client } from '../../client/client.ts'
import type { ContainerInfo, CreateOptions, ExitRecord } from '../../types.ts'
import { EXIT_FAILURE } from '../exit-codes.ts'
import { copyOutput } from '../output/copy.ts'
import { note } from '../output/print.ts'
import { abortOnSignal, forwardSignals } from './signals.ts'

/**
 * Takes a container through its life with its output on this process's. Resolves with the exit code of its
 * command once all output is out.
 */
export async function runAttached(client: Client, options: CreateOptions, remove: boolean): Promise<number> {
  const creation = await createOrGiveUp(client, options, remove)
  if (typeof creation === 'number') return creation
  const { id } = creation
  // Until this is done no signal may end this process, or the container would be left behind.
  const stopForwarding = forwardSignals(client, id)
  try {
    return toExitCode(await follow(client, id))
  } finally {
    // The owner does it too; this verb ends when it is done.
    if (remove) await client.remove(id, { force: true }).catch(explain(id))
    stopForwarding()
  }
}

/** Makes the container; where a signal comes first it is undone, and the exit code is that of the signal. */
async function createOrGiveUp(
  client: Client,
  options: CreateOptions,
  autoRemove: boolean,
): Promise<ContainerInfo | number> {
  const interruption = abortOnSignal()
  try {
    return await client.create(options, { autoRemove, signal: interruption.signal })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    return 128 + constants.signals[interruption.signal.reason as NodeJS.Signals]
  } finally {
    interruption.done()
  }
}

async function follow(client: Client, id: string): Promise<ExitRecord> {
  const enough = new AbortController()
  const output = copyOutput(client.logs(id, { follow: true, signal: enough.signal }))
  try {
    const { generation } = await Promise.race([client.start(id), failure(output)])
    const exit = client.wait(id, { generation, signal: enough.signal })
    const [record] = await Promise.all([exit, output])
    return record
  } finally {
    enough.abort()
    output.catch(() => {})
  }
}

/** Rejects when that does, and otherwise never settles. */
const failure = (promise: Promise<unknown>): Promise<never> =>
  new Promise((_resolve, reject) => {
    promise.catch(reject)
  })

/** No exit code is known of a container whose monitor died, or that a restart of the machine ended. */
function toExitCode({ code, cause, name }: ExitRecord): number {
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
