import { constants } from 'node:os'
import type { Client } from '../../client/client.ts'
import { runSession } from '../terminal/session.ts'
import { toExitCode } from './attached.ts'
import { abortOnSignal, forwardSignals } from './signals.ts'

/** How a person attaches. */
export interface AttachToOptions {
  detachKeys: readonly number[]
  /** Whether standard input is passed on. */
  stdin: boolean
  /** Whether signals are; otherwise one ends this process, and not the container. */
  sigProxy: boolean
}

/**
 * Connects this process's streams with those of a container that is alive. Resolves with its exit code, with 0 where
 * the person at the terminal has left, and with 128 + n where signal n has ended it.
 */
export async function attachTo(client: Client, ref: string, options: AttachToOptions): Promise<number> {
  const { id, stdin, generation } = await client.inspect(ref)
  const interruption = options.sigProxy ? undefined : abortOnSignal()
  const stopForwarding = options.sigProxy ? forwardSignals(client, id) : undefined
  try {
    const attachment = await client.attach(id, { signal: interruption?.signal })
    const { detachKeys } = options
    const end = await runSession(attachment, { stdin: options.stdin && stdin, detachKeys }).finally(() =>
      attachment.detach(),
    )
    return end === 'detached' ? 0 : toExitCode(await client.wait(id, { generation }))
  } catch (error) {
    if (interruption?.signal.aborted !== true) throw error
    return 128 + constants.signals[interruption.signal.reason as NodeJS.Signals]
  } finally {
    interruption?.done()
    stopForwarding?.()
  }
}
