import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import { Store } from '../../src/store/store.ts'
import type { ExitRecord } from '../../src/types.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { introduction, row, SPEC, transition, watchEvent } from './commits.ts'

let path: string
beforeEach(async () => {
  const directory = await temporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  path = join(directory.path, 'store.db')
})

const open = (bootId = 'boot-1', onRestart?: () => void): Store => {
  const store = new Store(path, bootId, onRestart)
  onTestFinished(() => store.close())
  return store
}

const exitRecord = (generation: number, finishedAt = new Date().toISOString()): ExitRecord => ({
  containerId: 'c1',
  name: 'web',
  generation,
  code: generation,
  signal: null,
  oomKilled: false,
  cause: 'exited',
  startedAt: null,
  finishedAt,
})

describe('a commit', () => {
  test('is there after the store was closed and opened again', () => {
    const store = open()
    store.commit([introduction('c1'), transition('c1', 'configured', 'creating')])
    store.close()
    const again = open()
    expect(again.containers()).toEqual([row('c1', 'creating')])
    expect(again.spec('c1')).toEqual(SPEC)
  })

  test('numbers its events one by one, and gives them back as they were told', () => {
    const store = open()
    const told = store.commit([
      introduction('c1'),
      { row: row('c1') },
      transition('c1', 'configured', 'creating'),
    ])
    expect(told.map((event) => event?.seq)).toEqual([1, undefined, 2])
    expect(store.eventsAfter(0, 10)).toEqual(told.filter((event) => event !== undefined))
  })

  test('that cannot be made whole leaves nothing of itself', () => {
    const store = open()
    store.commit([introduction('c1')])
    expect(() => store.commit([introduction('c2'), introduction('c1')])).toThrow(StoreError)
    expect(store.containers().map(({ id }) => id)).toEqual(['c1'])
    expect(store.lastSeq).toBe(1)
    expect(store.eventsAfter(0, 10)).toHaveLength(1)
  })

  test('of a removal takes the row and leaves the events', () => {
    const store = open()
    store.commit([introduction('c1'), transition('c1', 'removing', 'removed')])
    expect(store.containers()).toEqual([])
    expect(store.eventsAfter(0, 10)).toHaveLength(2)
  })

  test('of an event that is of no container is numbered with the others, and read as it was written', () => {
    const store = open()
    const commits = [
      introduction('c1'),
      watchEvent('watch.degraded'),
      transition('c1', 'created', 'starting'),
    ]
    const written = store.commit(commits)
    expect(written.map((event) => event?.seq)).toEqual([1, 2, 3])
    expect(written[1]).toMatchObject({ type: 'watch.degraded', containerId: null, reason: 'why' })
    expect(store.eventsAfter(0, 10)).toEqual(written)
    expect(store.containers()).toHaveLength(1)
  })
})

describe('the watch of exits', () => {
  test('is known to be degraded by the next engine too, until it is told to be restored', () => {
    const store = open()
    expect(store.isWatchDegraded).toBe(false)
    store.commit([watchEvent('watch.degraded')])
    store.close()
    const next = open()
    expect(next.isWatchDegraded).toBe(true)
    next.commit([watchEvent('watch.restored')])
    expect(next.isWatchDegraded).toBe(false)
  })
})

describe('sequence numbers', () => {
  test('go on where they were', () => {
    const store = open()
    store.commit([introduction('c1')])
    store.close()
    const [event] = open().commit([introduction('c2')])
    expect(event?.seq).toBe(2)
  })

  test('are not given again after the newest events are gone', () => {
    const store = open()
    store.commit([introduction('c1'), introduction('c2')])
    store.close()
    const database = new DatabaseSync(path)
    database.exec('DELETE FROM events')
    database.close()
    expect(open().commit([introduction('c3')])[0]?.seq).toBe(3)
  })

  test('skip ahead once after the machine was restarted, past what a power cut may have taken', () => {
    const store = open('boot-1')
    store.commit([introduction('c1')])
    store.close()
    const rebooted = open('boot-2')
    const seq = rebooted.commit([introduction('c2')])[0]?.seq ?? 0
    expect(seq).toBeGreaterThan(100_000)
    rebooted.close()
    expect(open('boot-2').commit([introduction('c3')])[0]?.seq).toBe(seq + 1)
  })
})

test('a restart of the machine is told of until somebody has dealt with it, and then no more', () => {
  const told: string[] = []
  open('boot-1', () => told.push('first')).close()
  const dies = (): void => {
    told.push('dies')
    throw new Error('power cut')
  }
  expect(() => open('boot-2', dies)).toThrow('power cut')
  open('boot-2', () => told.push('dealt with')).close()
  open('boot-2', () => told.push('again')).close()
  expect(told).toEqual(['dies', 'dealt with'])
})

describe('an exit record', () => {
  test('outlives its container, and is found by id and by name', () => {
    const store = open()
    store.commit([introduction('c1'), { row: row('c1', 'stopped'), exit: exitRecord(1) }])
    store.commit([
      { row: row('c1', 'stopped'), exit: exitRecord(2) },
      transition('c1', 'removing', 'removed'),
    ])
    expect(store.exitRecord('c1')).toEqual(exitRecord(2, store.exitRecord('c1')?.finishedAt))
    expect(store.exitRecord('c1', 1)?.generation).toBe(1)
    expect(store.exitRecord('web')?.generation).toBe(2)
    expect(store.exitRecord('c1', 3)).toBeUndefined()
  })

  test('of a removed container is given up after a week, of a kept one never', () => {
    const store = open()
    const old = '2020-01-01T00:00:00.000Z'
    const gone = { ...exitRecord(1, old), containerId: 'gone' }
    store.commit([
      introduction('c1'),
      { row: row('c1'), exit: exitRecord(1, old) },
      { row: row('gone', 'removed'), exit: gone },
    ])
    store.close()
    const later = open()
    expect(later.exitRecord('gone')).toBeUndefined()
    expect(later.exitRecord('c1')).toEqual(exitRecord(1, old))
  })
})

describe('the file', () => {
  test('is private, with all that SQLite puts beside it', () => {
    const store = open()
    store.commit([introduction('c1')])
    const directory = join(path, '..')
    const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)
    expect(modes.length).toBeGreaterThan(1)
    expect(new Set(modes)).toEqual(new Set([0o600]))
  })

  test('of a newer version is refused, and left as it is', () => {
    open().close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => open()).toThrow(/schema version 99/)
  })

  test.each([
    ['is no database', () => writeFileSync(path, 'x'.repeat(8_192))],
    ['was truncated', () => truncateSync(path, 3_000)],
  ])('that %s is an error that names it', (_, damage) => {
    const store = open()
    store.commit(Array.from({ length: 50 }, (_, index) => introduction(`c${index}`)))
    store.close()
    damage()
    expect(() => open().containers()).toThrow(StoreError)
    expect(() => open().containers()).toThrow(path)
  })
})
