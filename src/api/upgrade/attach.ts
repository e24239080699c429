import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { InvalidInputError } from '../../errors.ts'
import type { Attachment } from '../../types.ts'
import { toErrorReply } from '../error-reply.ts'
import { createFrameParser, decodeSize, encodeBytes, encodeFrame, type Frame } from '../frames.ts'
import { isSet } from '../schemas.ts'
import type { UpgradeRoute } from './upgrade.ts'

/** Milliseconds that a client has to hang up once all is said. */
const LINGER_MS = 1_000

/** The header of an answer that says whether there is a terminal. */
export const TERMINAL_HEADER = 'runchart-terminal'

/** `POST /v1/containers/REF/attach`; `?input-only` for one who wants no output. */
export const attachRoute: UpgradeRoute = async ({ ref, query, signal }, { engine }) => {
  const inputOnly = isSet(query.get('input-only') ?? undefined)
  const attachment = await engine.get(ref).attach({ output: !inputOnly, signal })
  return {
    headers: { [TERMINAL_HEADER]: String(attachment.terminal) },
    run: (socket, head) => carry(attachment, socket, head),
  }
}

/** Carries an attachment over a connection, until one of the two ends. */
export async function carry(attachment: Attachment, socket: Duplex, head: Buffer): Promise<void> {
  const input = carryInput(attachment, socket, head)
  try {
    // What input came to naught on ends output as well.
    await Promise.race([carryOutput(attachment, socket), failure(input)])
    socket.end(encodeFrame('end'))
  } catch (error) {
    socket.end(encodeFrame('error', Buffer.from(JSON.stringify(toErrorReply(error).reply))))
  } finally {
    attachment.detach()
    input.catch(() => {})
    await hungUp(socket)
  }
}

/** A socket closed with input unread would take from the client what it has not read yet. */
async function hungUp(socket: Duplex): Promise<void> {
  const late = new AbortController()
  const closed = once(socket, 'close', { signal: late.signal }).catch(() => {})
  if (!socket.destroyed)
    await Promise.race([closed, flushed(socket).then(() => delay(LINGER_MS, undefined, { ref: false }))])
  late.abort()
  socket.destroy()
}

function flushed(socket: Duplex): Promise<void> {
  return socket.writableFinished
    ? Promise.resolve()
    : new Promise((resolve) => socket.once('finish', resolve))
}

async function carryOutput({ output, ended }: Attachment, socket: Duplex): Promise<void> {
  for await (const { stream, data } of output) {
    if (!socket.write(encodeBytes(stream, data))) await drained(socket)
  }
  await ended
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
    if (socket.destroyed) done()
  })
}

/** Ends when the client hangs up; a container that does not read makes it wait. */
async function carryInput(attachment: Attachment, socket: Duplex, head: Buffer): Promise<void> {
  const parser = createFrameParser()
  try {
    for (const frame of parser.push(head)) await obey(attachment, frame)
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (const frame of parser.push(chunk as Buffer)) await obey(attachment, frame)
    }
  } catch (error) {
    // Input for a container that has exited in this moment is of no interest; its end is on the way.
    if (!socket.destroyed) {
      if ((error as { code?: unknown }).code !== 'EATTACHENDED') throw error
      return
    }
  }
  attachment.detach()
}

async function obey(attachment: Attachment, { type, payload }: Frame): Promise<void> {
  if (type === 'stdin') return attachment.write(payload)
  if (type === 'end') return attachment.end()
  const size = type === 'resize' ? decodeSize(payload) : undefined
  if (size === undefined) throw new InvalidInputError(`a client sends no frame of type ${type} like this`)
  return attachment.resize(size)
}

/** Rejects when that does, and otherwise never settles. */
function failure(promise: Promise<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    promise.catch(reject)
  })
}
