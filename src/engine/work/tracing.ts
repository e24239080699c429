import { tracingChannel } from 'node:diagnostics_channel'

/** What a tracing channel is told of an effect: what is being done, and to whom. JSON-safe. */
export interface EffectTrace {
  /** As the chart calls it, such as `createContainer`; see the charts. */
  effect: string
  containerId: string
  name: string
  generation: number
  /** Of a command in the container. */
  sessionId?: string
}

const effects = tracingChannel<EffectTrace>('runchart:effect')

/**
 * Does the work between `tracing:runchart:effect:start` and `:asyncEnd` of node:diagnostics_channel; one that fails is
 * told on `:error`. Nobody pays for it where nobody listens.
 */
export function traced<Output>(trace: EffectTrace, work: () => Promise<Output>): Promise<Output> {
  return effects.tracePromise(work, trace) as Promise<Output>
}
