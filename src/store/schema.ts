import type { DatabaseSync } from 'node:sqlite'
import { failedStore } from './failure.ts'

/**
 * One step for each version of the schema; `PRAGMA user_version` says how many have been taken. A step that
 * has been released is never edited.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    settings TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    generation INTEGER NOT NULL,
    facts TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- AUTOINCREMENT: a number is not given again after the newest rows have gone.
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    container_id TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;

  -- No reference to containers: an exit record outlives its container.
  CREATE TABLE exits (
    container_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    name TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (container_id, generation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX exits_by_name ON exits (name);
  CREATE INDEX exits_by_time ON exits (finished_at);

  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- The newest event's number when the record was written: an order that no clock can turn round.
  ALTER TABLE exits ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
  DROP INDEX exits_by_time;
  CREATE INDEX exits_by_seq ON exits (seq);
  `,
  `
  -- Labels outlive their container as its events do: until the last of them, whose number is here, is given up.
  CREATE TABLE labels (
    container_id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    last_seq INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX labels_by_seq ON labels (last_seq);
  INSERT INTO labels (container_id, body)
    SELECT id, json_extract(settings, '$.labels') FROM containers
    WHERE json_extract(settings, '$.labels') IS NOT NULL;
  `,
  `
  -- A spec is several times the rest of its container, and would be written again with each transition.
  CREATE TABLE specs (container_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO specs (container_id, body) SELECT id, spec FROM containers;

  -- In the order of their creation: what moves at the same time has mostly been made at the same time, and is written
  -- with fewer pages.
  CREATE TABLE ordered (
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL,
    generation INTEGER NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  INSERT INTO ordered SELECT id, name, created_at, settings, state, generation, facts FROM containers
    ORDER BY created_at, id;
  DROP TABLE containers;
  ALTER TABLE ordered RENAME TO containers;
  `,
]

/** The version of a database's schema. Throws StoreError where it is from a newer runchart. */
export function assertKnownVersion(database: DatabaseSync, path: string): number {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version <= MIGRATIONS.length) return version
  throw failedStore(
    'newer',
    `the store ${path} has schema version ${version}; this runchart knows ${MIGRATIONS.length}`,
  )
}

/** Brings a database to the present schema. Throws StoreError where it is from a newer runchart. */
export function migrate(database: DatabaseSync, path: string): void {
  for (let step = assertKnownVersion(database, path); step < MIGRATIONS.length; step += 1) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[step]}; PRAGMA user_version = ${step + 1}; COMMIT`)
  }
}
