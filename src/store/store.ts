import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { RootError } from '../errors.ts'
import { assertOwnFile, isLink, makeOwnFile } from '../root/own.ts'
import type { Spec } from '../spec/types.ts'
import type { EngineEvent, ExitRecord } from '../types.ts'
import { storeError } from './failure.ts'
import { assertSound } from './file.ts'
import type { LastTold } from './last-told.ts'
import type { Commit, ContainerCommit, ContainerRow } from './records.ts'
import { migrate } from './schema.ts'

/**
 * What a power cut can take of commits that were told already is bounded by the write-ahead log, some
 * thousands of events; after a restart of the machine numbering goes on this far ahead.
 */
const SEQ_SKIP_AFTER_RESTART = 1_000_000
/** How long the exit record of a removed container is kept. */
const EXIT_RECORD_MS = 7 * 24 * 60 * 60 * 1_000
/** So many are kept however old they seem: a clock may be wrong, now or when they were written. */
const EXIT_RECORDS_KEPT = 1_000
/**
 * Milliseconds for which another process may hold the database up. The whole process waits for them, so a longer
 * lock is waited out between two attempts.
 */
const BUSY_TIMEOUT_MS = 20
/**
 * Pages of the write-ahead log, of 4 KiB, after which they are copied into the database, and both put to disk for good.
 * Much of what a burst writes is the same pages again and again, and is copied once.
 */
const CHECKPOINT_PAGES = 4_000
/** In an event's column for its container. */
const NO_CONTAINER = ''
/** Names what the last event of the watch was. */
const WATCH = 'watch'
/** Names the number of the last event that was given up. */
const PRUNED = 'pruned'

const SQL = {
  insertContainer:
    'INSERT INTO containers (id, name, created_at, settings, state, generation, facts) VALUES (?, ?, ?, ?, ?, ?, ?)',
  updateContainer: 'UPDATE containers SET state = ?, generation = ?, facts = ? WHERE id = ?',
  deleteContainer: 'DELETE FROM containers WHERE id = ?',
  containers:
    'SELECT id, name, created_at, settings, state, generation, facts FROM containers ORDER BY created_at, id',
  insertSpec: 'INSERT INTO specs (container_id, body) VALUES (?, ?)',
  deleteSpec: 'DELETE FROM specs WHERE container_id = ?',
  spec: 'SELECT body FROM specs WHERE container_id = ?',
  insertEvent: 'INSERT INTO events (seq, container_id, body) VALUES (?, ?, ?)',
  eventsAfter: 'SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
  countEvents: 'SELECT count(*) AS count FROM events',
  oldestEvents: "SELECT seq, json_extract(body, '$.at') AS at FROM events ORDER BY seq LIMIT ?",
  pruneEvents: 'DELETE FROM events WHERE seq <= ?',
  insertLabels: 'INSERT INTO labels (container_id, body) VALUES (?, ?)',
  labels: 'SELECT body FROM labels WHERE container_id = ?',
  endLabels: 'UPDATE labels SET last_seq = ? WHERE container_id = ?',
  pruneLabels: 'DELETE FROM labels WHERE last_seq <= ?',
  lastSeq: "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
  forgetLastSeq: "DELETE FROM sqlite_sequence WHERE name = 'events'",
  setLastSeq: "INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)",
  insertExit:
    'INSERT OR REPLACE INTO exits (container_id, generation, name, finished_at, seq, body) VALUES (?, ?, ?, ?, ?, ?)',
  exitById: 'SELECT body FROM exits WHERE container_id = ? AND generation = ?',
  exitAfter: 'SELECT body FROM exits WHERE container_id = ? AND generation > ? ORDER BY generation LIMIT 1',
  lastExitById: 'SELECT body FROM exits WHERE container_id = ? ORDER BY generation DESC LIMIT 1',
  lastExitByName:
    'SELECT body FROM exits WHERE name = ? ORDER BY seq DESC, finished_at DESC, generation DESC LIMIT 1',
  pruneExits: `DELETE FROM exits WHERE finished_at < ? AND container_id NOT IN (SELECT id FROM containers)
    AND (container_id, generation) NOT IN
      (SELECT container_id, generation FROM exits ORDER BY seq DESC, finished_at DESC LIMIT ?)`,
  getMeta: 'SELECT value FROM meta WHERE key = ?',
  setMeta: 'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)',
} as const

/** What a store is given besides. */
export interface StoreBearings {
  told?: LastTold | undefined
  /**
   * The machine was restarted since the last commit. Called again by the next store if this process does not live to
   * the end of it.
   */
  onRestart?: (() => void) | undefined
}

/** The durable truth: one SQLite file in WAL mode. Every method throws StoreError where the file fails it. */
export class Store {
  readonly #path: string
  readonly #told: LastTold | undefined
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #lastSeq: number
  #prunedSeq: number

  /** `bootId` tells whether the machine was restarted since the last commit, `told` what was told since then. */
  constructor(path: string, bootId: string, { told, onRestart }: StoreBearings = {}) {
    this.#path = path
    this.#told = told
    this.#database = this.#attempt('open', () => open(path))
    try {
      const lastBoot = this.#attempt('read', () => this.#statement(SQL.getMeta).get('boot_id')?.value)
      if (lastBoot !== undefined && lastBoot !== bootId) onRestart?.()
      this.#lastSeq = this.#attempt('write', () => this.#continueNumbering(lastBoot, bootId))
      this.#prunedSeq = this.#attempt('read', () =>
        Number(this.#statement(SQL.getMeta).get(PRUNED)?.value ?? 0),
      )
      const oldest = new Date(Date.now() - EXIT_RECORD_MS).toISOString()
      this.#attempt('prune', () => this.#run(SQL.pruneExits, oldest, EXIT_RECORDS_KEPT))
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** The number of the newest event; 0 where there has been none. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Writes all of it in one transaction, or nothing, and gives the events their numbers. */
  commit(commits: readonly Commit[]): (EngineEvent | undefined)[] {
    return this.#attempt('write', () => {
      let seq = this.#lastSeq
      const events = this.#transaction(() =>
        commits.map((commit) => {
          if (commit.event !== undefined) seq += 1
          if (commit.row !== undefined) this.#writeRow(commit, seq)
          return commit.event === undefined ? undefined : this.#writeEvent(seq, commit.event)
        }),
      )
      if (seq > this.#lastSeq) this.#told?.write(seq)
      this.#lastSeq = seq
      return events
    })
  }

  containers(): ContainerRow[] {
    return this.#attempt('read', () =>
      this.#statement(SQL.containers)
        .all()
        .map((row) => ({
          id: String(row.id),
          name: String(row.name),
          createdAt: String(row.created_at),
          settings: JSON.parse(String(row.settings)),
          state: String(row.state) as ContainerRow['state'],
          generation: Number(row.generation),
          facts: toFacts(row.facts),
        })),
    )
  }

  /** Throws StoreError where the container has no row. */
  spec(id: string): Spec {
    return this.#attempt('read', () => {
      const row = this.#statement(SQL.spec).get(id)
      if (row === undefined) throw new Error(`no container ${id}`)
      return JSON.parse(String(row.body))
    })
  }

  /** At most `limit` events whose number is above `seq`, in order. */
  eventsAfter(seq: number, limit: number): EngineEvent[] {
    return this.#attempt('read', () =>
      this.#statement(SQL.eventsAfter)
        .all(seq, limit)
        .map((row) => ({ version: 1, seq: Number(row.seq), ...JSON.parse(String(row.body)) })),
    )
  }

  /** The number of the last event that was given up; 0 where all are on record. */
  get prunedSeq(): number {
    return this.#prunedSeq
  }

  /** Looks at every page of the events. */
  countEvents(): number {
    return this.#attempt('read', () => Number(this.#statement(SQL.countEvents).get()?.count))
  }

  /**
   * Gives up the oldest events: `surplus` of them, and those from before a time, in ISO 8601; at most `limit`.
   *
   * @returns how many
   */
  pruneEvents({ surplus, before, limit }: { surplus: number; before: string; limit: number }): number {
    return this.#attempt('prune', () => {
      const oldest = this.#statement(SQL.oldestEvents).all(limit)
      const kept = oldest.findIndex(({ at }, index) => index >= surplus && String(at) >= before)
      const pruned = kept < 0 ? oldest.length : kept
      const last = oldest[pruned - 1]
      if (last === undefined) return 0
      const seq = Number(last.seq)
      this.#transaction(() => {
        this.#run(SQL.pruneEvents, seq)
        this.#run(SQL.pruneLabels, seq)
        this.#run(SQL.setMeta, PRUNED, String(seq))
      })
      this.#prunedSeq = seq
      return pruned
    })
  }

  /** The labels of a container, also of one that is gone, as long as an event of its is on record. */
  labels(id: string): Record<string, string> {
    return this.#attempt('read', () => {
      const row = this.#statement(SQL.labels).get(id)
      return row === undefined ? {} : JSON.parse(String(row.body))
    })
  }

  /** Whether the last that was told of the watch is that it is degraded, by whichever engine. */
  get isWatchDegraded(): boolean {
    return this.#attempt('read', () => this.#statement(SQL.getMeta).get(WATCH)?.value === 'watch.degraded')
  }

  /** The record of one run, or without `generation` of the last one; by the whole id, or by name. */
  exitRecord(idOrName: string, generation?: number): ExitRecord | undefined {
    return this.#attempt('read', () => {
      const row =
        generation === undefined
          ? (this.#statement(SQL.lastExitById).get(idOrName) ??
            this.#statement(SQL.lastExitByName).get(idOrName))
          : this.#statement(SQL.exitById).get(idOrName, generation)
      return row === undefined ? undefined : toExitRecord(row.body)
    })
  }

  /** The record of the first run after that one whose exit is known; by the whole id. */
  exitAfter(id: string, generation: number): ExitRecord | undefined {
    return this.#attempt('read', () => {
      const row = this.#statement(SQL.exitAfter).get(id, generation)
      return row === undefined ? undefined : toExitRecord(row.body)
    })
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
    this.#told?.close()
  }

  /**
   * Numbers go on from the newest that may have been told: in the store, in this boot, or before a restart of the
   * machine that may have taken the last commits. Written in any case: a store that cannot be is not opened.
   */
  #continueNumbering(lastBoot: unknown, bootId: string): number {
    const stored = Number(this.#statement(SQL.lastSeq).get()?.seq ?? 0)
    const restarted = lastBoot !== undefined && lastBoot !== bootId
    const told = Math.max(stored, this.#told?.read() ?? 0)
    const seq = told + (restarted ? SEQ_SKIP_AFTER_RESTART : 0)
    this.#transaction(() => {
      this.#run(SQL.setMeta, 'boot_id', bootId)
      if (seq === stored) return
      this.#run(SQL.forgetLastSeq)
      this.#run(SQL.setLastSeq, seq)
    })
    // A power cut must not take this: the next boot would go on from where this one did.
    if (lastBoot !== bootId) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return seq
  }

  /** All of it or nothing. */
  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #writeRow({ row, spec, exit }: ContainerCommit, seq: number): void {
    const facts = JSON.stringify(row.facts)
    if (spec !== undefined) {
      this.#run(
        SQL.insertContainer,
        row.id,
        row.name,
        row.createdAt,
        JSON.stringify(row.settings),
        row.state,
        row.generation,
        facts,
      )
      this.#run(SQL.insertSpec, row.id, JSON.stringify(spec))
      const { labels } = row.settings
      if (labels !== undefined) this.#run(SQL.insertLabels, row.id, JSON.stringify(labels))
    } else if (row.state === 'removed') {
      this.#run(SQL.deleteContainer, row.id)
      this.#run(SQL.deleteSpec, row.id)
      this.#run(SQL.endLabels, seq, row.id)
    } else {
      this.#run(SQL.updateContainer, row.state, row.generation, facts, row.id)
    }
    if (exit !== undefined) {
      this.#run(
        SQL.insertExit,
        exit.containerId,
        exit.generation,
        exit.name,
        exit.finishedAt,
        seq,
        JSON.stringify(exit),
      )
    }
  }

  #writeEvent(seq: number, event: NonNullable<Commit['event']>): EngineEvent {
    this.#run(SQL.insertEvent, seq, event.containerId ?? NO_CONTAINER, JSON.stringify(event))
    if (event.containerId === null) this.#run(SQL.setMeta, WATCH, event.type)
    return { version: 1, seq, ...event } as EngineEvent
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#statement(sql).run(...values)
  }

  #attempt<T>(doing: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof RootError) throw error
      throw storeError(doing, this.#path, error)
    }
  }
}

/** What an exit record has got since an older runchart may have written it. */
const LATER = { by: null, cpuMs: null, memoryPeak: null }

const toExitRecord = (body: unknown): ExitRecord => ({ ...LATER, ...JSON.parse(String(body)) })

function toFacts(text: unknown): ContainerRow['facts'] {
  const facts: ContainerRow['facts'] = JSON.parse(String(text))
  return facts.exit === null ? facts : { ...facts, exit: { ...LATER, ...facts.exit } }
}

function open(path: string): DatabaseSync {
  if (isLink(path)) assertOwnFile(path)
  for (const side of ['-wal', '-shm', '-journal']) assertOwnFile(path + side)
  assertSound(path, BUSY_TIMEOUT_MS)
  makePrivate(path)
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
    )
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite gives its side files the mode of the database, so that one is made private first. */
function makePrivate(path: string): void {
  try {
    makeOwnFile(path)
  } catch (error) {
    // What the system says is the store's failure.
    throw error instanceof RootError && error.cause !== undefined ? error.cause : error
  }
}
