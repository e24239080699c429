import { StoreError, type StoreFailure } from '../errors.ts'

/** What each failure calls for. */
const HINTS: Record<StoreFailure, string> = {
  full: 'free space on its disk; what could not be written is written then',
  locked: 'end the process that writes to it, such as sqlite3; what could not be written is written then',
  damaged:
    'put a copy of it back, or move it and its -wal and -shm away: containers run on, but no engine knows them then',
  newer: 'open it with the newer runchart that wrote it, or use another --root',
  readonly: 'let this user write that file and its directory, or use another --root',
  other: 'look at that file, its owner, its mode and its disk',
}

/** SQLite's result codes (the low byte), and the system's own names of the same. */
const FAILURES: Record<string | number, StoreFailure> = {
  5: 'locked',
  6: 'locked',
  8: 'readonly',
  11: 'damaged',
  13: 'full',
  26: 'damaged',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'readonly',
  EACCES: 'readonly',
  EPERM: 'readonly',
}

/** SQLITE_IOERR_SHMSIZE: no space for what lies beside the file. */
const NO_SPACE_FOR_SHM = 4874

/** What went wrong with the store at `path`, as the error that tells what to do. */
export function storeError(doing: string, path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return failedStore(failureOf(error), `cannot ${doing} the store ${path}: ${reason}`, error)
}

/** A failure that is known already. */
export function failedStore(failure: StoreFailure, message: string, cause?: unknown): StoreError {
  return new StoreError(message, failure, { hint: HINTS[failure], cause })
}

function failureOf(error: unknown): StoreFailure {
  const { code, errcode } = error as { code?: string; errcode?: number }
  if (errcode === NO_SPACE_FOR_SHM) return 'full'
  return FAILURES[errcode === undefined ? (code ?? '') : errcode & 0xff] ?? 'other'
}
