import { closeSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { failedStore } from './failure.ts'
import { assertKnownVersion } from './schema.ts'

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100

/**
 * Makes sure of a store's file before anything is written to it or beside it: SQLite itself takes an empty file for a
 * new database, removes its write-ahead log, and finds a missing half only when it comes to it.
 *
 * @throws StoreError saying what is wrong with it; the file is left as it is
 */
export function assertSound(path: string, busyTimeoutMs: number): void {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isFile()) throw damaged(path, 'is no regular file')
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false })
  const hasLog = wal !== undefined && wal.size > 0
  if (stat.size === 0) {
    assertNew(path, hasLog)
    return
  }
  if (hasRollback(path)) return
  assertWhole(path, stat, hasLog)
  assertReadable(path, { busyTimeoutMs, hasLog })
}

/**
 * An engine that died just as it made its store a WAL one leaves a rollback journal. What is in the file until that is
 * undone tells nothing, and only a connection that can write undoes it, as it does first of all.
 */
function hasRollback(path: string): boolean {
  return (statSync(`${path}-journal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** An engine that died while it made the store leaves an empty file, but no containers. */
function assertNew(path: string, hasLog: boolean): void {
  if (hasLog) throw damaged(path, 'is empty, but its write-ahead log is not')
  const containers = entriesOf(join(dirname(path), 'containers'))
  if (containers > 0) throw damaged(path, `is empty, but there are ${containers} containers beside it`)
}

function entriesOf(directory: string): number {
  try {
    return readdirSync(directory).length
  } catch {
    return 0
  }
}

/**
 * The file format's first 100 bytes (sqlite.org/fileformat2.html): page size, and the number of pages. Some of them may
 * still be in the log where an engine has died.
 */
function assertWhole(path: string, { size }: Stats, hasLog: boolean): void {
  const header = Buffer.alloc(HEADER_BYTES)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, header, 0, HEADER_BYTES, 0)
  } finally {
    closeSync(fd)
  }
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged(path, 'is no SQLite database')
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const whole = pageSize * header.readUInt32BE(28)
  if (size < whole && !hasLog) throw damaged(path, `has ${size} bytes of ${whole}`)
}

/**
 * Through a connection that cannot write: a store of a newer runchart, or a damaged one, stays as it is. All of it is
 * looked through only where its engine has died, which takes about a second for each gigabyte.
 */
function assertReadable(
  path: string,
  { busyTimeoutMs, hasLog }: { busyTimeoutMs: number; hasLog: boolean },
): void {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs })
  try {
    if (assertKnownVersion(database, path) === 0) return
    for (const table of hasLog ? [''] : ['(containers)', '(exits)']) {
      const found = database.prepare(`PRAGMA quick_check${table}`).get()?.quick_check
      if (found !== 'ok') throw damaged(path, `is damaged: ${String(found).replaceAll('\n', ' ')}`)
    }
  } finally {
    database.close()
  }
}

const damaged = (path: string, what: string) => failedStore('damaged', `the store ${path} ${what}`)
