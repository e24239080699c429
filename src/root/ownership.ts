import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { quote } from '../../effects/quote.ts'
import { InvalidInputError, RootError, RootOwnedError } from '../errors.ts'
import { assertOwnFile, cannot, ELSEWHERE, makeOwnDirectory, makeOwnFile, writeOwnFile } from './own.ts'
import type { EnginePaths } from './paths.ts'

/** A directory that this process alone uses, until it lets go or dies. */
export interface Ownership {
  readonly directory: string
  release(): void
}

/**
 * Makes a directory (0700) where there is none and gives its real path, so that two ways to one directory are
 * one root. Throws InvalidInputError for a path that is not absolute, RootError where it cannot be made.
 */
export function makeDirectory(path: string, mode = 0o700): string {
  if (!isAbsolute(path) || path.includes('\0')) {
    throw new InvalidInputError(`the directory ${quote(path)} is not an absolute path`)
  }
  try {
    makeWithParents(path, mode)
    return realpathSync(path)
  } catch (error) {
    throw new RootError(`cannot make the directory ${path}: ${wordsOf(error)}`, {
      hint: ELSEWHERE,
      cause: error,
    })
  }
}

/** Makes the directories of a run root, but that of exits, which its watch makes. Throws RootError. */
export function makeRunDirectories({ runRoot, runtimeRoot, sockets }: EnginePaths): void {
  makeDirectory(runRoot)
  makeOwnDirectory(runtimeRoot)
  makeOwnDirectory(sockets, 0o750)
  makeOwnDirectory(join(runRoot, 'containers'))
}

/** Node's own recursive mkdir never returns where the kernel makes no directories, as below /proc. */
function makeWithParents(path: string, mode: number): void {
  if (isDirectory(path)) return
  if (!existsSync(dirname(path))) makeWithParents(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Another process, or a verb beside this one, may have made it in between.
    if (!isDirectory(path)) throw error
  }
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * Takes a directory for this process. The lock is SQLite's own lock on an empty database: the kernel lets go of
 * it the moment the owner dies, however it dies, so there is no stale lock to judge.
 *
 * Throws RootOwnedError with the owner's pid, or RootError where nothing can be written there.
 */
export function own(directory: string): Ownership {
  const pidPath = join(directory, 'owner.pid')
  const path = join(directory, 'owner.lock')
  const lock = openLock(path)
  try {
    // No byte is written, so that a full disk can be owned, and put right.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY)
      throw cannot('write to', path, error)
    throw ownedBy(directory, readPid(pidPath), error)
  }
  tell(pidPath)
  let released = false
  const release = (): void => {
    if (released) return
    released = true
    rmSync(pidPath, { force: true })
    lock.close()
  }
  return { directory, release }
}

const SQLITE_BUSY = 5

/** Says who the owner is, where there is room for that: only the lock counts. */
function tell(pidPath: string): void {
  try {
    writeOwnFile(pidPath, `${process.pid}\n`)
  } catch {
    rmSync(pidPath, { recursive: true, force: true })
  }
}

function openLock(path: string): DatabaseSync {
  makeOwnFile(path)
  assertOwnFile(`${path}-journal`)
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw cannot('write to', path, error)
  }
}

function ownedBy(directory: string, pid: number | undefined, cause: unknown): RootOwnedError {
  const owner = pid === undefined ? 'another process' : `process ${pid}`
  return new RootOwnedError(`${directory} is owned by ${owner}`, pid, {
    hint: 'talk to that owner through its socket, or end it first; a second owner would corrupt nothing but know nothing',
    cause,
  })
}

function readPid(path: string): number | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(16)
      const pid = Number.parseInt(buffer.toString('latin1', 0, readSync(fd, buffer)), 10)
      return pid > 0 ? pid : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    // The owner has taken the lock and not yet written who it is.
    return undefined
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
