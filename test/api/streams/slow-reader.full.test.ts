import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { connectOwner } from '../../../src/client/client.ts'
import type { EngineEvent } from '../../../src/types.ts'
import { eventLab, labelled, numbers, range } from '../../store/events/lab.ts'
import { startOwner } from '../owner.ts'

const EVENTS = 10_000

test('a subscriber that does not read costs its owner no memory, and is told later what it has missed', async () => {
  await using owner = await startOwner()
  const lab = await eventLab()
  Object.assign(owner.engine, { events: lab.events })
  const pages = vi.spyOn(lab.store, 'eventsAfter')
  const socket = connect(owner.socketPath)
  socket.pause()
  socket.write('GET /v1/events?follow&since=0 HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'connect')
  for (let made = 0; made < EVENTS; made += 500) {
    lab.happen(500)
    await new Promise(setImmediate)
  }
  /** How far the owner has read for it. */
  const readUpTo = () => pages.mock.lastCall?.[0] ?? 0
  let before = -1
  const isStill = () => {
    const now = readUpTo()
    const still = now === before && now > 0
    before = now
    return still
  }
  await expect.poll(isStill, { interval: 300, timeout: 20_000 }).toBe(true)
  // What the buffers of a socket and of one answer hold, and a page.
  expect(readUpTo()).toBeLessThan(5_000)

  lab.drop(EVENTS - 1_000)
  const events: EngineEvent[] = []
  let rest = ''
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) events.push(JSON.parse(line))
  })
  socket.resume()
  await expect.poll(() => events.at(-1)?.seq, { timeout: 20_000 }).toBe(EVENTS)
  socket.destroy()
  const marker = events.findIndex(({ type }) => type === 'dropped')
  const first = events[marker - 1]?.seq ?? 0
  expect(numbers(events.slice(0, marker))).toEqual(range(1, first))
  expect(events[marker]).toMatchObject({ from: first + 1, to: EVENTS - 1_000 })
  expect(numbers(events.slice(marker + 1))).toEqual(range(EVENTS - 999, EVENTS))
})

test('a filter is the same over the socket, live and replayed', async () => {
  await using owner = await startOwner()
  const lab = await eventLab()
  Object.assign(owner.engine, { events: lab.events })
  lab.commit(labelled('a', { tier: 'web', note: 'a&b=c' }), labelled('b', { tier: 'db' }))
  const client = connectOwner(owner.socketPath)
  const seen = async (filter: Parameters<typeof client.events>[0]): Promise<number[]> => {
    const all: EngineEvent[] = []
    for await (const event of client.events(filter)) all.push(event)
    return numbers(all)
  }
  expect(await seen({ filter: { container: ['name-a', 'name-b'] } })).toEqual([1, 2])
  expect(await seen({ filter: { label: ['tier', 'note=a&b=c'], type: 'state' } })).toEqual([1])
  const live = client.events({ follow: true, filter: { label: 'tier=db' } })[Symbol.asyncIterator]()
  expect((await live.next()).value).toMatchObject({ seq: 2 })
  const next = live.next()
  lab.commit(labelled('c', { tier: 'web' }), labelled('d', { tier: 'db' }))
  expect((await next).value).toMatchObject({ seq: 4 })
  await live.return?.()
  await expect(seen({ filter: { label: '' } })).rejects.toMatchObject({ code: 'EINPUT' })
  client.close()
})
