import { expect, test } from 'vitest'
import { type Connection, Feed, LockedError } from '../../src/inspector/page/feed/feed.ts'
import { readLines } from '../../src/inspector/page/feed/lines.ts'

const encoder = new TextEncoder()
const line = (seq: number): string => `${JSON.stringify({ event: { seq } })}\n`

/** A feed whose connections are these, one after another; after the last one the owner is locked. */
async function followed(...connections: (string[] | Error)[]) {
  const seen = {
    asked: [] as number[],
    taken: [] as number[],
    changes: [] as Connection[],
    waits: [] as number[],
  }
  const feed = new Feed({
    connect: async (since) => {
      seen.asked.push(since)
      const next = connections.shift() ?? new LockedError()
      if (next instanceof Error) throw next
      return chunksOf(next)
    },
    seq: () => seen.taken.at(-1) ?? 0,
    take: (told) => void seen.taken.push((told as { event: { seq: number } }).event.seq),
    changed: (connection) => void seen.changes.push(connection),
    wait: async (ms) => void seen.waits.push(ms),
  })
  await feed.run()
  return seen
}

async function* chunksOf(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield encoder.encode(text)
}

test('a connection that is lost is made anew from the last event, however its lines were cut', async () => {
  const { asked, taken } = await followed([line(1) + line(2), line(3).slice(0, 9)], [line(3), line(4)])
  expect(taken).toEqual([1, 2, 3, 4])
  expect(asked).toEqual([0, 2, 4])
})

test('it says so, waits longer each time, and begins again with a short wait once lines have come', async () => {
  const gone = new Error('refused')
  const { changes, waits } = await followed(gone, gone, gone, gone, gone, gone, gone, [line(1)])
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 250])
  expect(changes.filter((one, at) => one !== changes[at - 1])).toEqual([
    ...['connecting', 'reconnecting', 'live', 'reconnecting', 'locked'],
  ])
})

test('it ends where the token is not taken', async () => {
  const { changes, waits } = await followed()
  expect({ changes, waits }).toEqual({ changes: ['connecting', 'locked'], waits: [] })
})

test('letters that are cut in the middle are whole in their line', async () => {
  const bytes = encoder.encode('ä€\nrest')
  const lines: string[][] = []
  for await (const one of readLines(piecewise(bytes))) lines.push(one)
  expect(lines).toEqual([['ä€']])
})

async function* piecewise(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte)
}
