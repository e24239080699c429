import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { formatLogLine } from '../../../effects/log/parse.ts'
import { EngineClosedError } from '../../errors.ts'
import type { ApiContext } from '../context.ts'
import { EARLY_END } from '../openapi/documentation.ts'
import { EngineEvent } from '../openapi/shapes/events.ts'
import { requestSignal } from '../request-signal.ts'
import { EventsQuery, isSet, LogsQuery, RefParams, toNumber } from '../schemas.ts'
import { sendStream } from '../stream.ts'

/** Routes that answer with a stream: a container's output, and what happened. */
export function addStreamRoutes(app: FastifyInstance, context: ApiContext): void {
  addLogs(app, context)
  addEvents(app, context)
}

function addLogs(app: FastifyInstance, { engine, leaving }: ApiContext): void {
  app.get<{ Params: RefParams; Querystring: LogsQuery }>(
    '/v1/containers/:ref/logs',
    {
      schema: { params: RefParams, querystring: LogsQuery },
      config: {
        documentation: {
          id: 'readLogs',
          summary: "A container's output",
          description: EARLY_END,
          replies: {
            200: {
              description: 'Lines of a k8s-file log: time, stream, P or F (partial or full), text',
              type: 'application/octet-stream',
              schema: Type.String(),
            },
          },
        },
      },
    },
    async ({ params, query }, reply) => {
      const signal = requestSignal(reply, leaving)
      const container = engine.get(params.ref)
      await sendStream(reply, {
        // One format for disk, wire and CLI, so that there is one parser.
        contentType: 'application/octet-stream',
        source: container.logs({ follow: isSet(query.follow), signal }),
        encode: formatLogLine,
        signal,
      })
    },
  )
}

function addEvents(app: FastifyInstance, { engine, leaving }: ApiContext): void {
  app.get<{ Querystring: EventsQuery }>(
    '/v1/events',
    {
      schema: { querystring: EventsQuery },
      config: {
        documentation: {
          id: 'readEvents',
          summary: 'What was committed after `since`; with `follow` live from there on',
          description:
            `${EARLY_END} Asked with \`Accept: text/event-stream\` it goes on as server-sent events, from ` +
            '`Last-Event-ID`, else `since`, else now.',
          replies: {
            200: {
              description: 'Lines, each an EngineEvent as JSON',
              type: 'application/x-ndjson',
              line: EngineEvent,
            },
          },
        },
      },
    },
    ({ query, headers }, reply) => {
      const { since: text, follow, ...filter } = query
      const events = engine.events.filter(filter)
      if (headers.accept?.includes(EVENT_STREAM) === true) {
        const since = lastEventId(headers) ?? toNumber(text) ?? engine.events.last
        return sendStream(reply, {
          contentType: EVENT_STREAM,
          source: untilClosed(events.since(since)),
          encode: (event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
          signal: requestSignal(reply, leaving),
        })
      }
      const since = toNumber(text) ?? 0
      return sendStream(reply, {
        contentType: 'application/x-ndjson',
        source: isSet(follow) ? untilClosed(events.since(since)) : events.past(since),
        encode: (event) => `${JSON.stringify(event)}\n`,
        signal: requestSignal(reply, leaving),
      })
    },
  )
}

/** The media type of server-sent events, which always follow. */
const EVENT_STREAM = 'text/event-stream'

/** Where a client of server-sent events that has lost its connection goes on; it comes before what its URL says. */
function lastEventId({ 'last-event-id': id }: IncomingHttpHeaders): number | undefined {
  return typeof id === 'string' && /^[0-9]{1,15}$/.test(id) ? Number(id) : undefined
}

/**
 * The end of what has none: the engine was closed, and whoever follows is not to take it for the end. No generator: one
 * that waits for its next value lets go of nothing before it comes.
 */
export function untilClosed<T>(stream: AsyncIterable<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = stream[Symbol.asyncIterator]()
      return {
        async next() {
          const step = await iterator.next()
          if (step.done === true) throw new EngineClosedError()
          return step
        },
        async return() {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}
