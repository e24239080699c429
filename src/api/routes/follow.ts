import type { FastifyInstance } from 'fastify'
import { NotFoundError } from '../../errors.ts'
import type { ContainerInfo, Engine } from '../../types.ts'
import type { ApiContext } from '../context.ts'
import { EARLY_END } from '../openapi/documentation.ts'
import { FollowLine as FollowLineShape } from '../openapi/shapes/replies.ts'
import { requestSignal } from '../request-signal.ts'
import { FollowQuery, toNumber } from '../schemas.ts'
import { sendStream } from '../stream.ts'
import type { FollowLine } from '../wire.ts'
import { untilClosed } from './streams.ts'

/** The route of those who keep a picture of their own: what there is, then each event with what it has led to. */
export function addFollowRoute(app: FastifyInstance, { engine, leaving }: ApiContext): void {
  app.get<{ Querystring: FollowQuery }>(
    '/v1/follow',
    {
      schema: { querystring: FollowQuery },
      config: {
        documentation: {
          id: 'follow',
          summary: 'What there is, then each event with what it has led to',
          description: EARLY_END,
          replies: {
            200: {
              description: 'Lines, each a FollowLine as JSON; the first is the snapshot',
              type: 'application/x-ndjson',
              line: FollowLineShape,
            },
          },
        },
      },
    },
    ({ query }, reply) =>
      sendStream(reply, {
        contentType: 'application/x-ndjson',
        source: lines(engine, toNumber(query.since)),
        encode: (line) => `${JSON.stringify(line)}\n`,
        signal: requestSignal(reply, leaving),
      }),
  )
}

/** No generator: one that waits for its next event lets go of nothing before that comes. */
function lines(engine: Engine, since: number | undefined): AsyncIterable<FollowLine> {
  return {
    [Symbol.asyncIterator]() {
      const snapshot = engine.snapshot()
      const events = untilClosed(engine.events.since(since ?? snapshot.seq))[Symbol.asyncIterator]()
      let isFirst = true
      return {
        async next() {
          if (isFirst) {
            isFirst = false
            return { done: false, value: { snapshot } }
          }
          const step = await events.next()
          if (step.done === true) return step
          const { containerId } = step.value
          const container = containerId === null ? null : find(engine, containerId)
          return { done: false, value: { event: step.value, container } }
        },
        async return() {
          await events.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}

function find(engine: Engine, id: string): ContainerInfo | null {
  try {
    return engine.get(id).inspect()
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}
