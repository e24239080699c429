import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import { LastTold } from '../../src/store/last-told.ts'
import type { Commit } from '../../src/store/records.ts'
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
  const store = new Store(path, bootId, { onRestart })
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
  by: null,
  startedAt: null,
  finishedAt,
  cpuMs: null,
  memoryPeak: null,
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
    expect(() => store.spec('c1')).toThrow('no container c1')
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

  test('do so where the machine lost all that it had not synced, again and again', () => {
    const told = ['boot-1', 'boot-2', 'boot-3'].map((boot, index) => {
      const seq = open(boot).commit([introduction(`c${index}`)])[0]?.seq ?? 0
      // A power cut takes what is in the log alone; what stays is the file.
      copyFileSync(path, `${path}.${boot}`)
      path = `${path}.${boot}`
      return seq
    })
    expect(told[0]).toBe(1)
    expect(told[1]).toBeGreaterThan(100_000)
    expect(told[2]).toBeGreaterThan(told[1] ?? 0)
  })

  test('go on from the newest that was told, where an older copy of the store is put back', () => {
    const opened = (): Store => new Store(path, 'boot', { told: new LastTold([`${path}.told`], () => {}) })
    const first = opened()
    first.commit([introduction('c1')])
    first.close()
    const copy = readFileSync(path)
    const second = opened()
    second.commit([introduction('c2'), introduction('c3')])
    second.close()
    writeFileSync(path, copy)
    const third = opened()
    onTestFinished(() => third.close())
    expect(third.containers().map(({ id }) => id)).toEqual(['c1'])
    expect(third.commit([introduction('c4')])[0]?.seq).toBe(4)
  })

  test('skip ahead of it too, where one is put back and the machine restarted, again and again', () => {
    const told = (boot: string): Store => {
      const store = new Store(path, boot, { told: new LastTold([`${path}.a`, `${path}.b`], () => {}) })
      onTestFinished(() => store.close())
      return store
    }
    const first = told('boot-1')
    first.commit([introduction('c1')])
    first.close()
    const copy = readFileSync(path)
    let last = 1
    for (const boot of ['boot-2', 'boot-3', 'boot-4']) {
      const store = told(boot)
      const seq = store.commit([introduction('c2')])[0]?.seq ?? 0
      expect(seq).toBeGreaterThan(last)
      last = seq
      store.close()
      // One of the two goes with the boot.
      rmSync(`${path}.a`)
      writeFileSync(path, copy)
    }
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

  test('of a removed container is given up after a week, but for the newest thousand', () => {
    const old = '2020-01-01T00:00:00.000Z'
    const removed = (containerId: string): Commit => ({
      row: row(containerId, 'removed'),
      exit: { ...exitRecord(1, old), containerId },
    })
    const store = open()
    store.commit([
      introduction('kept'),
      { row: row('kept'), exit: { ...exitRecord(1, old), containerId: 'kept' } },
    ])
    store.commit([removed('gone')])
    store.commit(
      Array.from({ length: 1_000 }, (_, index) => [introduction(`c${index}`), removed(`c${index}`)]).flat(),
    )
    store.close()
    const later = open()
    expect(later.exitRecord('gone')).toBeUndefined()
    expect(later.exitRecord('c0')).toMatchObject({ finishedAt: old })
    expect(later.exitRecord('kept')).toMatchObject({ finishedAt: old })
  })

  test('is the last of its name by the order of writing, whatever a clock said', () => {
    const store = open()
    const exit = (generation: number, finishedAt: string): Commit => ({
      row: row('c1'),
      exit: exitRecord(generation, finishedAt),
    })
    store.commit([introduction('c1'), exit(1, '2100-01-01T00:00:00.000Z')])
    store.commit([introduction('c2'), exit(2, '1970-01-01T00:00:00.000Z')])
    expect(store.exitRecord('web')?.generation).toBe(2)
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

  test('of the first version is brought up to date, with all that is in it', () => {
    const store = open()
    store.commit([introduction('c1')])
    const spec = store.spec('c1')
    store.close()
    const database = new DatabaseSync(path)
    database.exec(`
      ALTER TABLE containers ADD COLUMN spec TEXT NOT NULL DEFAULT '';
      UPDATE containers SET spec = (SELECT body FROM specs WHERE container_id = id); DROP TABLE specs;
      DROP TABLE labels; DROP INDEX exits_by_seq; ALTER TABLE exits DROP COLUMN seq;
      CREATE INDEX exits_by_time ON exits (finished_at); PRAGMA user_version = 1`)
    database
      .prepare('INSERT INTO exits VALUES (?, ?, ?, ?, ?)')
      .run('c1', 1, 'web', '2026-01-01T00:00:00.000Z', JSON.stringify(exitRecord(1)))
    database.close()
    const present = open()
    expect(present.exitRecord('web')).toMatchObject({ containerId: 'c1', generation: 1 })
    expect(present.spec('c1')).toEqual(spec)
    expect(present.containers()).toMatchObject([{ id: 'c1' }])
  })

  /** A store with some pages, whose engine has died: its newest commits are in the log alone. */
  const leftBehind = (): void => {
    const store = open()
    store.commit(Array.from({ length: 200 }, (_, index) => introduction(`c${index}`)))
    store.close()
    const later = open()
    later.commit(Array.from({ length: 200 }, (_, index) => introduction(`d${index}`)))
    for (const name of [path, `${path}-wal`]) copyFileSync(name, `${name}.left`)
    later.close()
    for (const name of [path, `${path}-wal`]) renameSync(`${name}.left`, name)
  }
  const closed = (): void => {
    leftBehind()
    open().close()
  }
  const half = (name: string): void => truncateSync(name, statSync(name).size / 2)
  const newer = (): void => {
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
  }

  test.each<[string, string, () => void, () => void]>([
    ['of a newer version', 'newer', closed, newer],
    ['that is no database', 'damaged', closed, () => writeFileSync(path, 'x'.repeat(8_192))],
    [
      'whose header is overwritten, beside a log',
      'damaged',
      leftBehind,
      () => writeFileSync(path, 'x'.repeat(8_192)),
    ],
    ['that was truncated', 'damaged', closed, () => half(path)],
    ['that was truncated, beside a log', 'damaged', leftBehind, () => half(path)],
    ['that was truncated to nothing, beside a log', 'damaged', leftBehind, () => truncateSync(path)],
    [
      'that was truncated to nothing, beside containers',
      'damaged',
      closed,
      () => {
        truncateSync(path)
        mkdirSync(join(path, '../containers/c1'), { recursive: true })
      },
    ],
    [
      'in whose place is a directory',
      'damaged',
      closed,
      () => {
        rmSync(path)
        mkdirSync(path)
      },
    ],
  ])('%s is refused, and left as it is', (_, failure, make, damage) => {
    make()
    damage()
    const contents = (): (Buffer | undefined)[] =>
      [path, `${path}-wal`].map((name) =>
        statSync(name, { throwIfNoEntry: false })?.isFile() ? readFileSync(name) : undefined,
      )
    const before = contents()
    const error = (() => {
      try {
        return open()
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ failure, message: expect.stringContaining(path), hint: expect.any(String) })
    // The log may be made, empty; it is never written, and never removed.
    expect(contents()[0]).toEqual(before[0])
    if (before[1] !== undefined) expect(contents()[1]).toEqual(before[1])
  })

  test('whose log is gone is what it was before, and goes on', () => {
    leftBehind()
    rmSync(`${path}-wal`)
    const store = open()
    expect(store.containers()).toHaveLength(200)
    expect(store.commit([introduction('e1')])[0]?.seq).toBe(201)
  })

  test('that an engine has died over, in the middle of writing the log into it, is whole', () => {
    leftBehind()
    // The header tells of pages that only the log has yet.
    const header = readFileSync(path)
    header.writeUInt32BE(header.readUInt32BE(28) + 50, 28)
    writeFileSync(path, header)
    expect(open().containers()).toHaveLength(400)
  })

  test('that an engine has died over, as it was making it, is made anew', () => {
    const elsewhere = `${path}.elsewhere`
    const making = new DatabaseSync(elsewhere)
    // More than it keeps in memory: some of it is in the file, and in the journal what undoes that.
    making.exec('PRAGMA cache_size = 1; BEGIN; CREATE TABLE made (what TEXT)')
    for (let count = 0; count < 200; count += 1)
      making.exec(`INSERT INTO made VALUES ('${'x'.repeat(2_000)}')`)
    for (const side of ['', '-journal']) copyFileSync(elsewhere + side, path + side)
    making.close()
    const reader = new DatabaseSync(path, { readOnly: true })
    expect(() => reader.prepare('SELECT * FROM sqlite_schema').all()).toThrow('readonly')
    reader.close()

    const store = open()
    expect(store.containers()).toEqual([])
    expect(store.commit([introduction('e1')])[0]?.seq).toBe(1)
  })
})
