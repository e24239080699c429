import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { StoreError } from '../errors.ts'
import type { Spec } from '../spec/types.ts'
import type { EngineEvent, ExitRecord } from '../types.ts'
import type { Commit, ContainerCommit, ContainerRow } from './records.ts'
import { migrate } from './schema.ts'

/**
 * What a power cut can take of commits that were told already is bounded by the write-ahead log, some
 * thousands of events; after a restart of the machine numbering goes on this far ahead.
 */
const SEQ_SKIP_AFTER_RESTART = 1_000_000
/** How long the exit record of a removed container is kept. */
const EXIT_RECORD_DAYS = 7
/** Milliseconds that a reader from outside, such as a backup, may hold the database up. */
const BUSY_TIMEOUT_MS = 2_000
/** In an event's column for its container. */
const NO_CONTAINER = ''
/** Names what the last event of the watch was. */
const WATCH = 'watch'

const SQL = {
  insertContainer:
    'INSERT INTO containers (id, name, created_at, settings, spec, state, generation, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  updateContainer: 'UPDATE containers SET state = ?, generation = ?, facts = ? WHERE id = ?',
  deleteContainer: 'DELETE FROM containers WHERE id = ?',
  containers:
    'SELECT id, name, created_at, settings, state, generation, facts FROM containers ORDER BY created_at, id',
  spec: 'SELECT spec FROM containers WHERE id = ?',
  insertEvent: 'INSERT INTO events (seq, container_id, body) VALUES (?, ?, ?)',
  eventsAfter: 'SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
  lastSeq: "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
  insertExit:
    'INSERT OR REPLACE INTO exits (container_id, generation, name, finished_at, body) VALUES (?, ?, ?, ?, ?)',
  exitById: 'SELECT body FROM exits WHERE container_id = ? AND generation = ?',
  lastExitById: 'SELECT body FROM exits WHERE container_id = ? ORDER BY generation DESC LIMIT 1',
  lastExitByName: 'SELECT body FROM exits WHERE name = ? ORDER BY finished_at DESC, generation DESC LIMIT 1',
  pruneExits:
    "DELETE FROM exits WHERE finished_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?) AND container_id NOT IN (SELECT id FROM containers)",
  getMeta: 'SELECT value FROM meta WHERE key = ?',
  setMeta: 'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)',
} as const

/** The durable truth: one SQLite file in WAL mode. Every method throws StoreError where the file fails it. */
export class Store {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #lastSeq: number

  /**
   * `bootId` tells whether the machine was restarted since the last commit; then `onRestart` is called, and called
   * again by the next store if this process does not live to the end of it.
   */
  constructor(path: string, bootId: string, onRestart: () => void = () => {}) {
    this.#path = path
    this.#database = this.#opened(path)
    const lastBoot = this.#attempt('read', () => this.#statement(SQL.getMeta).get('boot_id')?.value)
    if (lastBoot !== undefined && lastBoot !== bootId) onRestart()
    this.#lastSeq = this.#attempt('read', () => this.#continueNumbering(lastBoot, bootId))
    this.#attempt('prune', () => this.#run(SQL.pruneExits, `-${EXIT_RECORD_DAYS} days`))
  }

  /** The number of the newest event; 0 where there has been none. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Writes all of it in one transaction, or nothing, and gives the events their numbers. */
  commit(commits: readonly Commit[]): (EngineEvent | undefined)[] {
    return this.#attempt('write', () => {
      let seq = this.#lastSeq
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const events = commits.map((commit) => {
          if (commit.row !== undefined) this.#writeRow(commit)
          if (commit.event === undefined) return undefined
          seq += 1
          return this.#writeEvent(seq, commit.event)
        })
        this.#database.exec('COMMIT')
        this.#lastSeq = seq
        return events
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
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
          facts: JSON.parse(String(row.facts)),
        })),
    )
  }

  /** Throws StoreError where the container has no row. */
  spec(id: string): Spec {
    return this.#attempt('read', () => {
      const row = this.#statement(SQL.spec).get(id)
      if (row === undefined) throw new Error(`no container ${id}`)
      return JSON.parse(String(row.spec))
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
      return row === undefined ? undefined : JSON.parse(String(row.body))
    })
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #opened(path: string): DatabaseSync {
    return this.#attempt('open', () => {
      // SQLite gives its side files the mode of the database, so that one is made private first.
      closeSync(openSync(path, 'a', 0o600))
      const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
      try {
        database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
        migrate(database, path)
      } catch (error) {
        database.close()
        throw error
      }
      return database
    })
  }

  #continueNumbering(lastBoot: unknown, bootId: string): number {
    const last = Number(this.#statement(SQL.lastSeq).get()?.seq ?? 0)
    if (lastBoot === bootId) return last
    this.#run(SQL.setMeta, 'boot_id', bootId)
    if (lastBoot === undefined) return last
    // Kept in the table itself: a second opening under this boot id goes on from here as well.
    this.#database.exec(
      `UPDATE sqlite_sequence SET seq = seq + ${SEQ_SKIP_AFTER_RESTART} WHERE name = 'events'`,
    )
    return Number(this.#statement(SQL.lastSeq).get()?.seq ?? 0)
  }

  #writeRow({ row, spec, exit }: ContainerCommit): void {
    const facts = JSON.stringify(row.facts)
    if (spec !== undefined) {
      this.#run(
        SQL.insertContainer,
        row.id,
        row.name,
        row.createdAt,
        JSON.stringify(row.settings),
        JSON.stringify(spec),
        row.state,
        row.generation,
        facts,
      )
    } else if (row.state === 'removed') {
      this.#run(SQL.deleteContainer, row.id)
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
      if (error instanceof StoreError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StoreError(`cannot ${doing} the store ${this.#path}: ${reason}`, {
        hint: 'look at the free space, the owner and the mode of that file; a damaged one can be moved away',
        cause: error,
      })
    }
  }
}
