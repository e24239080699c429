import { join } from 'node:path'
import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { StoredEventStream } from '../../src/store/event-stream.ts'
import { Store } from '../../src/store/store.ts'
import type { EngineEvent } from '../../src/types.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { introduction } from './commits.ts'

let store: Store
let events: StoredEventStream
let thrown: unknown[]
let made = 0

beforeEach(async () => {
  const directory = await temporaryDirectory()
  store = new Store(join(directory.path, 'store.db'), 'boot')
  thrown = []
  made = 0
  events = new StoredEventStream(store, (error) => thrown.push(error))
  onTestFinished(async () => {
    events.end()
    store.close()
    await directory[Symbol.asyncDispose]()
  })
})

/** Commits events and tells them, as the engine does. */
function happen(count: number): void {
  const commits = Array.from({ length: count }, (_, index) => introduction(`c${made + index}`))
  made += count
  for (const event of store.commit(commits)) if (event !== undefined) events.tell(event)
}

const numbers = (list: readonly EngineEvent[]): number[] => list.map(({ seq }) => seq)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('the stream', () => {
  test('carries what happens from the subscription on', () => {
    happen(2)
    const seen: EngineEvent[] = []
    events.subscribe((event) => seen.push(event))
    happen(2)
    expect(numbers(seen)).toEqual([3, 4])
  })

  test('can be iterated', async () => {
    const iterator = events[Symbol.asyncIterator]()
    happen(2)
    expect((await iterator.next()).value.seq).toBe(1)
    expect((await iterator.next()).value.seq).toBe(2)
    const waiting = iterator.next()
    happen(1)
    expect((await waiting).value.seq).toBe(3)
    expect(await iterator.return?.()).toMatchObject({ done: true })
  })

  test('goes on for the others when a consumer throws', () => {
    const seen: EngineEvent[] = []
    events.subscribe(() => {
      throw new Error('a consumer’s own fault')
    })
    events.subscribe((event) => seen.push(event))
    happen(2)
    expect(numbers(seen)).toEqual([1, 2])
    expect(thrown).toHaveLength(2)
  })

  test('ends with the engine', async () => {
    const rest = firstValueFrom(events.since(0).pipe(toArray()))
    happen(3)
    await new Promise(setImmediate)
    events.end()
    expect(numbers(await rest)).toEqual(upTo(3))
  })

  test('ends after the last event for whoever has kept up, though it was told just before', async () => {
    const iterator = events.since(0)[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await new Promise(setImmediate)
    happen(3)
    events.end()
    store.close()
    const seen = [(await waiting).value, (await iterator.next()).value, (await iterator.next()).value]
    expect(numbers(seen)).toEqual(upTo(3))
    expect(await iterator.next()).toMatchObject({ done: true })
  })

  test('ends at once for whoever comes later', async () => {
    happen(3)
    events.end()
    store.close()
    expect(await firstValueFrom(events.since(0).pipe(toArray()))).toEqual([])
    expect(await firstValueFrom(events.pipe(toArray()))).toEqual([])
    expect(() => [...events.past(0)]).toThrow(expect.objectContaining({ code: 'ECLOSED' }))
  })
})

describe('since', () => {
  test('replays what was committed, then goes on live, without gap or repeat, under load', async () => {
    happen(1_800)
    const seen = firstValueFrom(events.since(0).pipe(take(3_000), toArray()))
    for (let turn = 0; turn < 120; turn += 1) {
      happen(10)
      await new Promise(setImmediate)
    }
    expect(numbers(await seen)).toEqual(upTo(3_000))
  })

  test('leaves others their turn in a long replay', async () => {
    happen(2_000)
    const seen: EngineEvent[] = []
    const replayed = new Promise<void>((resolve) => {
      events.since(0).subscribe((event) => {
        seen.push(event)
        if (event.seq === 2_000) resolve()
      })
    })
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(seen.length).toBeLessThan(2_000)
    await replayed
    expect(numbers(seen)).toEqual(upTo(2_000))
  })

  test('begins after the number it is given', async () => {
    happen(10)
    const [first] = await firstValueFrom(events.since(7).pipe(take(1), toArray()))
    expect(first?.seq).toBe(8)
  })

  test('a reader that stops reading holds nothing back and nothing up', async () => {
    const slow = events.since(0)[Symbol.asyncIterator]()
    happen(1)
    await slow.next()
    happen(2_000)
    const quick = firstValueFrom(events.since(0).pipe(filter(({ seq }) => seq === 2_001)))
    await quick
    const rest: number[] = []
    while (rest.length < 2_000) rest.push((await slow.next()).value.seq)
    expect(rest).toEqual(upTo(2_001).slice(1))
    await slow.return?.()
  })
})

test('past ends where the present begins', () => {
  happen(1_200)
  expect(numbers([...events.past(0)])).toEqual(upTo(1_200))
  expect([...events.past(1_200)]).toEqual([])
})
