import type { Client } from '../../client/client.ts'
import { note } from '../output/print.ts'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
/** After so many signals a person who waits is told what ends a container that does not listen. */
const PATIENCE = 3

/**
 * Passes this process's signals on to a container.
 *
 * @returns a function that stops it
 */
export function forwardSignals(client: Client, id: string): () => void {
  const hint = `the container does not end; \`runchart kill ${id.slice(0, 12)}\` ends it`
  return passSignals((signal) => client.kill(id, signal), hint)
}

/**
 * Gives this process's signals to something that runs elsewhere, and a hint to who has waited for long.
 *
 * @returns a function that stops it
 */
export function passSignals(send: (signal: NodeJS.Signals) => Promise<unknown>, hint: string): () => void {
  let count = 0
  const forward = (signal: NodeJS.Signals): void => {
    count += 1
    if (count === PATIENCE) note(`hint: ${hint}`)
    // It may have ended in this moment; its exit is on the way.
    send(signal).catch(() => {})
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

/** Aborts at the first signal: what is not made yet need not be made. */
export function abortOnSignal(): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController()
  const abort = (signal: NodeJS.Signals): void => controller.abort(signal)
  for (const signal of FORWARDED) process.on(signal, abort)
  const done = (): void => {
    for (const signal of FORWARDED) process.off(signal, abort)
  }
  return { signal: controller.signal, done }
}
