import { firstValueFrom, map, mergeMap, take } from 'rxjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { realClock } from '../../../src/clock.ts'
import { Pruner, validRetention } from '../../../src/store/events/retention.ts'
import type { EngineEvent } from '../../../src/types.ts'
import { eventLab, numbers, range, readerOf } from './lab.ts'

const EVENTS = 12_000
const turn = () => new Promise(setImmediate)

describe(`${EVENTS} events, in bursts`, () => {
  test('quick, slow and leaving readers each have every event once, from where they began', async () => {
    const lab = await eventLab()
    lab.happen(1_700)
    const quick = readerOf(lab.events.since(0)).take(EVENTS)
    const late = readerOf(lab.events).take(EVENTS - 1_700)
    const pushed: EngineEvent[] = []
    lab.events.since(900).subscribe((event) => pushed.push(event))

    /** Reads a little now and then; leaves in the middle, and carries on with another reader, as after a loss. */
    const restless = async (): Promise<number[]> => {
      const seen: number[] = []
      while (seen.length < EVENTS) {
        const reader = readerOf(lab.events.since(seen.at(-1) ?? 0))
        const count = Math.min(733, EVENTS - seen.length)
        for (let read = 0; read < count; read += 1) {
          seen.push((await reader.next()).seq)
          if (read % 97 === 0) await turn()
        }
        await reader.leave()
      }
      return seen
    }
    const restlessly = restless()

    for (let made = 1_700; made < EVENTS; ) {
      const burst = Math.min(1 + ((made * 7) % 61), EVENTS - made)
      lab.happen(burst)
      made += burst
      if (made % 3 === 0) await turn()
    }
    expect(numbers(await quick)).toEqual(range(1, EVENTS))
    expect(numbers(await late)).toEqual(range(1_701, EVENTS))
    expect(await restlessly).toEqual(range(1, EVENTS))
    await expect.poll(() => pushed.length).toBe(EVENTS - 900)
    expect(numbers(pushed)).toEqual(range(901, EVENTS))
  })

  test('a reader that retention overtakes has each event once, or is told that it is missing', async () => {
    const lab = await eventLab()
    const pruner = new Pruner(
      lab.store,
      validRetention({ events: 600, age: Number.POSITIVE_INFINITY }),
      realClock,
      (error) => {
        throw error
      },
    )
    lab.events.subscribe({ next: () => pruner.committed(), complete: () => pruner.close() })
    let isOver = false
    const making = (async () => {
      for (let made = 0; made < EVENTS; made += 100) {
        lab.happen(100)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      isOver = true
    })()
    const reader = readerOf(lab.events.since(0))
    /** The last number that is accounted for. */
    let known = 0
    let [seen, missing] = [0, 0]
    while (known < EVENTS) {
      const event = await reader.next()
      const first = event.type === 'dropped' ? event.from : event.seq
      expect(first).toBe(known + 1)
      known = event.seq
      if (event.type === 'dropped') missing += event.to - event.from + 1
      else seen += 1
      // Too slow, now and then.
      if (!isOver && seen % 500 === 0) {
        await expect.poll(() => isOver || lab.store.prunedSeq > known + 700).toBe(true)
      }
    }
    await making
    expect(seen + missing).toBe(EVENTS)
    // That it happened at all.
    expect(missing).toBeGreaterThan(0)
    await expect.poll(() => lab.store.countEvents()).toBe(600)
  })

  test('readers that leave are let go, however they read', async () => {
    const lab = await eventLab()
    lab.happen(10)
    const labelled = lab.events.filter({ label: 'tier' })
    for (let round = 0; round < 100; round += 1) {
      const reader = readerOf(lab.events.since(0))
      await reader.take(5)
      await reader.leave()
      labelled.subscribe().unsubscribe()
      lab.events.pipe(take(1)).subscribe()
      lab.events.since(0).pipe(take(3)).subscribe()
      void firstValueFrom(lab.events)
    }
    const tested = labelled.pipe(take(1)).subscribe()
    lab.happen(10)
    tested.unsubscribe()
    await turn()
    await turn()
    const [reads, looks] = [vi.spyOn(lab.store, 'eventsAfter'), vi.spyOn(lab.store, 'labels')]
    lab.happen(10)
    await turn()
    expect(reads).not.toHaveBeenCalled()
    expect(looks).not.toHaveBeenCalled()
  })
})

describe('a consumer that throws', () => {
  test('hurts nobody, in whichever form it takes events', async () => {
    const lab = await eventLab()
    const uncaught: unknown[] = []
    const hear = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', hear)
    onTestFinished(() => void process.off('uncaughtException', hear))
    const fault = (): never => {
      throw new Error('a consumer’s own fault')
    }
    const seen: EngineEvent[] = []
    lab.events.subscribe(fault)
    lab.events.pipe(map(({ seq }) => seq)).subscribe(fault)
    lab.events.pipe(map(fault)).subscribe()
    lab.events.pipe(mergeMap(async () => fault())).subscribe()
    lab.events.since(0).subscribe(fault)
    lab.events.since(0).pipe(map(fault)).subscribe()
    lab.events.filter({ type: 'state' }).subscribe(fault)
    const iterated = (async () => {
      for await (const _ of lab.events.since(0)) fault()
    })()
    lab.events.subscribe((event) => seen.push(event))
    lab.happen(2)
    await expect(iterated).rejects.toThrow('own fault')
    lab.happen(2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(numbers(seen)).toEqual([1, 2, 3, 4])
    expect(uncaught).toEqual([])
    expect(lab.thrown.length).toBeGreaterThanOrEqual(4 + 4 + 1 + 1 + 4 + 1 + 4)
  })
})
