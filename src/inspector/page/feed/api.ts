import type { ErrorReply } from '../../../api/wire.ts'
import type { ContainerState, EngineEvent } from '../../../types.ts'
import { needsForce, type PageCommand } from '../model/commands.ts'
import { LockedError } from './feed.ts'

/** What the owner refused, in its own words. */
export class RefusedError extends Error {
  readonly hint: string | undefined

  constructor({ error: { message, hint } }: ErrorReply) {
    super(message)
    this.hint = hint
  }
}

/** Who the exit records say has asked. */
const BY = 'the inspector page'

/** Tells the token in the address for a cookie, and takes it out of the address. */
export async function enter(): Promise<void> {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? []
  if (token === undefined) return
  history.replaceState(null, '', '#/')
  await send('POST', '/session', { token })
}

/** The number of the newest event. */
export async function newestSeq(): Promise<number> {
  const { headers } = await send('GET', '/v1/version')
  return Number(headers.get('runchart-seq') ?? 0)
}

/** What is there, and what happens after that event. */
export async function follow(since: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  return bodyOf(await send('GET', `/v1/follow?since=${since}`, undefined, signal))
}

/** A container's log, and what is added to it. */
export async function followLog(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  return bodyOf(await send('GET', `/v1/containers/${id}/logs?follow`, undefined, signal))
}

/** All that is on record of a container. */
export async function pastOf(id: string): Promise<EngineEvent[]> {
  const text = await (await send('GET', `/v1/events?container=${id}`)).text()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EngineEvent)
}

/** Has a container do something. Throws RefusedError. */
export async function command(id: string, name: PageCommand['name'], state: ContainerState): Promise<void> {
  const path = `/v1/containers/${id}`
  if (name === 'remove') {
    await send('DELETE', `${path}?by=${encodeURIComponent(BY)}${needsForce(state) ? '&force' : ''}`)
  } else {
    await send('POST', `${path}/${name}`, name === 'stop' || name === 'kill' ? { by: BY } : undefined)
  }
}

/** The drawn chart. */
export async function chart(): Promise<string> {
  return (await send('GET', '/container.svg')).text()
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
    ...(signal !== undefined && { signal }),
  })
  if (response.status === 401) throw new LockedError()
  if (!response.ok) throw new RefusedError((await response.json()) as ErrorReply)
  return response
}

function bodyOf({ body }: Response): AsyncIterable<Uint8Array> {
  if (body === null) throw new Error('an answer without a body')
  return body
}
