import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { quote } from '../../effects/quote.ts'
import { hintForErrno, InvalidInputError, RootError, RootOwnedError } from '../errors.ts'
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

/**
 * The same with exactly that mode, whatever the umask is or an earlier run left: who can write there can forge an
 * exit.
 */
export function makeDirectoryOfMode(path: string, mode: number): string {
  const directory = makeDirectory(path, mode)
  try {
    // A link leads to somebody else's.
    if (lstatSync(path).isSymbolicLink()) throw new Error('it is a symbolic link')
    if ((statSync(directory).mode & 0o7777) !== mode) chmodSync(directory, mode)
    return directory
  } catch (error) {
    throw new RootError(`cannot set the mode of the directory ${path}: ${wordsOf(error)}`, {
      hint: 'it must be a real directory, and belong to the user that owns the root',
      cause: error,
    })
  }
}

/** Makes the directories of a run root, but that of exits, which its watch makes. Throws RootError. */
export function makeRunDirectories(paths: EnginePaths): void {
  makeDirectory(paths.runtimeRoot)
  makeDirectoryOfMode(paths.sockets, 0o750)
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
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY) throw cannotWrite(path, error)
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
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    rmSync(pidPath, { force: true })
  }
}

function openLock(path: string): DatabaseSync {
  try {
    closeSync(openSync(path, 'a', 0o600))
    return new DatabaseSync(path)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

function cannotWrite(path: string, cause: unknown): RootError {
  const { code } = cause as NodeJS.ErrnoException
  return new RootError(`cannot write to ${path}: ${wordsOf(cause)}`, {
    hint: code === 'ENOSPC' || code === 'EMFILE' ? hintForErrno(code) : ELSEWHERE,
    cause,
  })
}

const ELSEWHERE = 'choose a directory that this user may write to, with --root and --run-root'

function ownedBy(directory: string, pid: number | undefined, cause: unknown): RootOwnedError {
  const owner = pid === undefined ? 'another process' : `process ${pid}`
  return new RootOwnedError(`${directory} is owned by ${owner}`, pid, {
    hint: 'talk to that owner through its socket, or end it first; a second owner would corrupt nothing but know nothing',
    cause,
  })
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
    return pid > 0 ? pid : undefined
  } catch {
    // The owner has taken the lock and not yet written who it is.
    return undefined
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
