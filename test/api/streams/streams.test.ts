import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { EngineEvent, LogLine } from '../../../src/types.ts'
import { ask, startOwner } from '../owner.ts'

const line = (text: string, over: Partial<LogLine> = {}): LogLine => ({
  at: '2024-01-01T00:00:00.000000001+00:00',
  stream: 'stdout',
  partial: false,
  data: Buffer.from(text),
  ...over,
})

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

test('output comes as the log on disk has it, byte for byte', async () => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const lines = [
    line('out'),
    line('err', { stream: 'stderr' }),
    line('part', { partial: true }),
    line('', { data: Buffer.from([0xff, 0x00, 0xfe, 0x0d]) }),
  ]
  owner.engine.get('web').log = async function* () {
    yield* lines
  }
  expect((await collect(owner.client.logs('web'))).flat()).toEqual(lines)
  const raw = await ask(owner.socketPath, 'GET', '/v1/containers/web/logs')
  expect(raw.body.split('\n')[0]).toBe('2024-01-01T00:00:00.000000001+00:00 stdout F out')
})

test('events are replayed, then live, and a reader that leaves is let go', async () => {
  await using owner = await startOwner()
  const { client, engine } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  const seen: EngineEvent[] = []
  for await (const event of client.events({ since: 0, follow: true })) {
    seen.push(event)
    if (seen.length === 1) await client.start('web')
    if (seen.length === 2) break
  }
  expect(seen).toEqual(engine.events.committed)
  await expect.poll(() => engine.events.readers).toBe(0)
  expect(await collect(client.events({ since: 1 }))).toEqual(seen.slice(1))
  expect(await collect(client.events())).toEqual(seen)
})

test('an error in the middle of a stream arrives as that error, after what came before it', async () => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  owner.engine.get('web').log = async function* () {
    yield line('first')
    throw owner.engine.get('web') && new Error('the disk is gone')
  }
  const seen: string[] = []
  const reading = (async () => {
    for await (const lines of owner.client.logs('web')) seen.push(...lines.map(({ data }) => String(data)))
  })()
  await expect(reading).rejects.toMatchObject({ code: 'EINTERNAL', message: 'the disk is gone' })
  expect(seen).toEqual(['first'])
})

test('an owner that closes says so at the end of streams, so that none looks whole', async () => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const reading = collect(owner.client.events({ follow: true }))
  reading.catch(() => {})
  await expect.poll(() => owner.engine.events.readers).toBe(1)
  await owner.server.close()
  await expect(reading).rejects.toMatchObject({ code: 'ECLOSED' })
  expect(owner.engine.events.readers).toBe(0)
})

test('events that are followed to the end of their engine do not look whole', async () => {
  await using owner = await startOwner()
  const { events } = owner.engine
  events.since = (seq) =>
    Object.assign(events, { [Symbol.asyncIterator]: () => events.past(seq)[Symbol.iterator]() })
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const seen: EngineEvent[] = []
  const reading = (async () => {
    for await (const event of owner.client.events({ follow: true })) seen.push(event)
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ECLOSED' })
  expect(seen).toEqual(events.committed)
})

test('a reader that does not read is not written to without end', async () => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  let pulled = 0
  owner.engine.get('web').log = async function* () {
    for (;;) {
      pulled += 1
      yield line('x'.repeat(1000))
      await new Promise(setImmediate)
    }
  }
  const sleeper = connect(owner.socketPath)
  sleeper.write('GET /v1/containers/web/logs HTTP/1.1\r\nHost: x\r\n\r\n')
  let before = -1
  await expect
    .poll(
      () => {
        const still = pulled > 0 && pulled === before
        before = pulled
        return still
      },
      { interval: 100 },
    )
    .toBe(true)
  // What the socket's and the response's buffers hold, and no more.
  expect(pulled).toBeLessThan(5_000)
  sleeper.destroy()
})
