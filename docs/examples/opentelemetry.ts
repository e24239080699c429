/** Each effect of an engine as a span of OpenTelemetry, with the container's id, name and generation. */
import { tracingChannel } from 'node:diagnostics_channel'
import { type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { EffectTrace } from '../../src/index.ts'

/** Makes spans from now on; gives what ends that. */
export function traceEffects(tracer: Tracer): () => void {
  const spans = new WeakMap<EffectTrace, Span>()
  const subscribers = {
    start(trace: EffectTrace) {
      const { effect, containerId, name, generation } = trace
      const attributes = {
        'container.id': containerId,
        'container.name': name,
        'runchart.generation': generation,
      }
      spans.set(trace, tracer.startSpan(`runchart ${effect}`, { attributes }))
    },
    end() {},
    asyncStart() {},
    error(trace: EffectTrace & { error: unknown }) {
      const span = spans.get(trace)
      span?.recordException(trace.error as Error)
      span?.setStatus({ code: SpanStatusCode.ERROR, message: (trace.error as Error).message })
    },
    asyncEnd(trace: EffectTrace) {
      spans.get(trace)?.end()
    },
  }
  const effects = tracingChannel<EffectTrace>('runchart:effect')
  effects.subscribe(subscribers)
  return () => void effects.unsubscribe(subscribers)
}
