import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ContainerState, Engine } from '../types.ts'

/** States without a process and without anything under way; a restart may be due in them. */
const QUIET: ReadonlySet<ContainerState> = new Set(['configured', 'stopped', 'exited', 'removed'])

/**
 * Calls `onIdle` once no container has had a process, and nobody has asked anything, for that many seconds.
 * Nothing is polled: each event and each request sets the timer anew.
 *
 * @returns a function that stops watching
 */
export function watchIdle(
  servers: readonly Server[],
  engine: Engine,
  seconds: number,
  onIdle: () => void,
): () => void {
  let open = 0
  let timer: NodeJS.Timeout | undefined
  const isQuiet = (): boolean =>
    engine.snapshot().containers.every(({ state, restart }) => {
      const isDue = restart?.state === 'backing-off' || restart?.state === 'restarting'
      return QUIET.has(state) && !isDue
    })
  const rearm = (): void => {
    clearTimeout(timer)
    // Where something lives when the timer ends, its own end is an event that sets the timer again.
    if (open === 0) timer = setTimeout(() => isQuiet() && onIdle(), seconds * 1000)
  }
  const asked = (_request: IncomingMessage, response: ServerResponse): void => {
    open += 1
    clearTimeout(timer)
    response.once('close', () => {
      open -= 1
      rearm()
    })
  }
  for (const server of servers) server.on('request', asked)
  const subscription = engine.events.subscribe(rearm)
  rearm()
  return () => {
    open = Number.POSITIVE_INFINITY
    clearTimeout(timer)
    subscription.unsubscribe()
  }
}
