import { firstValueFrom, toArray } from 'rxjs'
import { beforeEach, expect, test } from 'vitest'
import type { EngineEvent, EventFilter } from '../../../src/types.ts'
import { introduction, transition, watchEvent } from '../commits.ts'
import { type EventLab, eventLab, labelled, numbers, readerOf, removal } from './lab.ts'

let lab: EventLab
beforeEach(async () => {
  lab = await eventLab()
})

const ID = '0123456789abcdef'

/** 1 to 6: two containers, one of them removed, and an event of none. */
function history(): void {
  lab.commit(
    labelled('a', { tier: 'web', 'release.note': 'a=b' }),
    labelled(ID, { tier: 'db' }),
    watchEvent('watch.restored'),
    transition('a', 'configured', 'creating'),
    removal('a'),
    introduction('plain'),
  )
}

const CASES: [EventFilter, number[]][] = [
  [{}, [1, 2, 3, 4, 5, 6]],
  [{ container: 'a' }, [1, 4, 5]],
  [{ container: 'name-a' }, [1, 4, 5]],
  [{ container: ['name-a', 'plain'] }, [1, 4, 5, 6]],
  [{ container: ID.slice(0, 12) }, [2]],
  [{ container: ID.slice(0, 11) }, []],
  [{ type: 'watch.restored' }, [3]],
  [{ type: ['watch.restored', 'state'] }, [1, 2, 3, 4, 5, 6]],
  [{ label: 'tier' }, [1, 2, 4, 5]],
  [{ label: 'tier=web' }, [1, 4, 5]],
  [{ label: ['tier', 'release.note=a=b'] }, [1, 4, 5]],
  [{ label: ['tier=web', 'tier=db'] }, []],
  [{ label: 'tier', container: ID }, [2]],
  [{ container: 'nobody' }, []],
]

test.for(CASES)('%j lets the same events through live, replayed and past', async ([filter, expected]) => {
  const events = lab.events.filter(filter)
  const live: EngineEvent[] = []
  events.subscribe((event) => live.push(event))
  const followed = firstValueFrom(events.since(0).pipe(toArray()))
  history()
  const replayed = firstValueFrom(events.since(0).pipe(toArray()))
  expect(numbers(live)).toEqual(expected)
  expect(numbers([...events.past(0)])).toEqual(expected)
  await new Promise(setImmediate)
  lab.events.end()
  expect(numbers(await followed)).toEqual(expected)
  expect(numbers(await replayed)).toEqual(expected)
})

test('a filter of a filter lets through what both do', () => {
  history()
  const events = lab.events.filter({ label: 'tier' }).filter({ container: 'a' })
  expect(numbers([...events.past(1)])).toEqual([4, 5])
})

test('what is rare among much is found, and followed', async () => {
  lab.happen(1_500)
  lab.commit(labelled('rare', { tier: 'web' }))
  const reader = readerOf(lab.events.filter({ label: 'tier=web' }).since(0))
  expect((await reader.next()).seq).toBe(1_501)
  const next = reader.next()
  lab.happen(700)
  lab.commit(transition('rare', 'configured', 'creating'))
  expect((await next).seq).toBe(2_202)
})

test.for([
  [{ container: '' }, 'invalid container'],
  [{ label: ['ok', 7] }, 'invalid label'],
  [{ type: {} }, 'invalid type'],
  [{ kind: 'state' }, 'cannot be filtered by'],
] as [EventFilter, string][])('%j is no filter', ([filter, message]) => {
  expect(() => lab.events.filter(filter)).toThrow(message)
})

test.for([-1, 1.5, Number.NaN, '7' as never])('since %j is refused at once', (seq) => {
  expect(() => lab.events.since(seq)).toThrow(expect.objectContaining({ code: 'EINPUT' }))
  expect(() => lab.events.past(seq)).toThrow(expect.objectContaining({ code: 'EINPUT' }))
})
