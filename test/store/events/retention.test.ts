import { firstValueFrom, take, toArray } from 'rxjs'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { realClock } from '../../../src/clock.ts'
import { Pruner, type Retention, validRetention } from '../../../src/store/events/retention.ts'
import { introduction } from '../commits.ts'
import { type EventLab, eventLab, labelled, numbers, range, readerOf, removal } from './lab.ts'

let lab: EventLab
beforeEach(async () => {
  lab = await eventLab()
})

const dropped = (from: number, to: number) => ({
  version: 1,
  seq: to,
  at: expect.any(String),
  type: 'dropped',
  ...{ containerId: null, name: null, generation: null },
  ...{ from, to, resumeFrom: to },
})

describe('whoever asks for what has been given up', () => {
  test('is told which numbers are missing, then gets what there is, live at the end', async () => {
    lab.happen(20)
    lab.drop(15)
    const reader = readerOf(lab.events.since(3))
    expect(await reader.next()).toEqual(dropped(4, 15))
    expect(numbers(await reader.take(5))).toEqual(range(16, 20))
    const live = reader.next()
    lab.happen(1)
    expect((await live).seq).toBe(21)
    const observed = firstValueFrom(lab.events.since(0).pipe(take(3), toArray()))
    expect(numbers(await observed)).toEqual([15, 16, 17])
    expect([...lab.events.past(14)].map(({ type }) => type)).toEqual(['dropped', ...Array(6).fill('state')])
  })

  test('carries on from the number that the event names, and is not told twice', () => {
    lab.happen(20)
    lab.drop(15)
    const [marker] = lab.events.past(0)
    if (marker?.type !== 'dropped') throw new Error('nothing was dropped')
    expect(numbers([...lab.events.past(marker.resumeFrom)])).toEqual(range(16, 20))
    expect(numbers([...lab.events.past(marker.seq)])).toEqual(range(16, 20))
  })

  test('is told in the middle, where that happened while it was slow', async () => {
    lab.happen(1_200)
    const reader = readerOf(lab.events.since(0))
    expect(numbers(await reader.take(10))).toEqual(range(1, 10))
    lab.drop(1_000)
    // What it had read already is its own.
    expect(numbers(await reader.take(490))).toEqual(range(11, 500))
    expect(await reader.next()).toEqual(dropped(501, 1_000))
    expect(numbers(await reader.take(200))).toEqual(range(1_001, 1_200))
  })

  test('is told where all has been given up, and by the next engine too', async () => {
    lab.happen(20)
    lab.drop(20)
    expect([...lab.events.past(0)]).toEqual([dropped(1, 20)])
    lab.reopen()
    expect(lab.store.lastSeq).toBe(20)
    const reader = readerOf(lab.events.since(7))
    expect(await reader.next()).toEqual(dropped(8, 20))
    lab.commit(introduction('later'))
    expect((await reader.next()).seq).toBe(21)
  })

  test('is not told of what it does not ask for', () => {
    lab.happen(20)
    lab.drop(15)
    expect(numbers([...lab.events.past(15)])).toEqual(range(16, 20))
    expect([...lab.events.past(20)]).toEqual([])
  })

  test('is told whatever it filters by', () => {
    lab.happen(20)
    lab.drop(15)
    const events = lab.events.filter({ type: 'signal', container: 'name-c19', label: 'tier' })
    expect([...events.past(0)]).toEqual([dropped(1, 15)])
  })
})

describe('the pruner', () => {
  /** As an engine has it: told of each event, and closed at the end. */
  function prune(retention: Retention): unknown[] {
    const troubles: unknown[] = []
    const pruner = new Pruner(lab.store, validRetention(retention), realClock, (error) =>
      troubles.push(error),
    )
    lab.events.subscribe({ next: () => pruner.committed(), complete: () => pruner.close() })
    return troubles
  }

  beforeEach(() => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
  })

  test('gives up what is too many, a piece at a time, and never in the turn of a commit', () => {
    lab.happen(1_300)
    prune({ events: 100, age: Number.POSITIVE_INFINITY })
    const pieces: number[] = []
    for (let before = lab.store.countEvents(); before > 100; ) {
      vi.advanceTimersToNextTimer()
      const now = lab.store.countEvents()
      if (now !== before) pieces.push(before - now)
      before = now
    }
    expect(pieces).toEqual([500, 500, 200])
    lab.happen(50)
    expect(lab.store.countEvents()).toBe(150)
    vi.advanceTimersByTime(1_000)
    expect(lab.store.countEvents()).toBe(100)
    expect(numbers([...lab.events.past(1_250)])).toEqual(range(1_251, 1_350))
  })

  test('gives up what is too old by itself, though nothing happens', () => {
    vi.setSystemTime(new Date('2026-01-01T00:00:00.000Z'))
    prune({ events: Number.POSITIVE_INFINITY, age: 3_600 })
    lab.happen(10)
    vi.advanceTimersByTime(3_590_000)
    expect(lab.store.countEvents()).toBe(10)
    vi.advanceTimersByTime(60_000)
    expect(lab.store.countEvents()).toBe(0)
    expect(lab.store.lastSeq).toBe(10)
  })

  test('keeps all where it is to', () => {
    prune({ events: Number.POSITIVE_INFINITY, age: Number.POSITIVE_INFINITY })
    lab.happen(1_000)
    vi.advanceTimersByTime(30 * 24 * 3_600_000)
    expect(lab.store.countEvents()).toBe(1_000)
  })

  test('tries again later where the store fails, and asks for no attention at each commit', () => {
    const troubles = prune({ events: 10, age: Number.POSITIVE_INFINITY })
    vi.advanceTimersByTime(1_000)
    const failing = vi.spyOn(lab.store, 'pruneEvents').mockImplementation(() => {
      throw new Error('disk full')
    })
    for (let turn = 0; turn < 20; turn += 1) {
      lab.happen(10)
      vi.advanceTimersByTime(300)
    }
    expect(troubles).toHaveLength(1)
    failing.mockRestore()
    vi.advanceTimersByTime(30_000)
    expect(lab.store.countEvents()).toBe(10)
  })

  test('ends with the engine', () => {
    prune({ events: 10 })
    lab.events.end()
    lab.store.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('the labels of a container go with the last of its events', () => {
  lab.commit(labelled('a', { tier: 'web' }), labelled('b', { tier: 'db' }), removal('a'), introduction('c'))
  expect(lab.store.labels('a')).toEqual({ tier: 'web' })
  lab.drop(2)
  expect(lab.store.labels('a')).toEqual({ tier: 'web' })
  lab.drop(2)
  expect(lab.store.labels('a')).toEqual({})
  expect(lab.store.labels('b')).toEqual({ tier: 'db' })
})

test.for([
  { events: 0 },
  { events: 1.5 },
  { events: -1 },
  { age: 0 },
  { age: Number.NaN },
  { age: '7' as never },
])('a retention of %j is refused', (retention) => {
  expect(() => validRetention(retention)).toThrow(expect.objectContaining({ code: 'EINPUT' }))
})
