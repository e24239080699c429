import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { hintForErrno, RootError } from '../errors.ts'

/**
 * What an engine keeps below its roots. Who can plant a symbolic link there, or owns a directory, would have the
 * engine write, remove and believe what is elsewhere: nothing of that kind is followed.
 */

const FILE_MODE = 0o600

/**
 * Makes a directory below one that is ours already, with exactly that mode, whatever the umask is or an earlier run
 * left; one that is there is taken.
 *
 * @throws RootError where something else is in its place, a symbolic link among it, or it is another user's
 */
export function makeOwnDirectory(path: string, mode = 0o700): string {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable('directory', path, error)
  }
  const fd = openOwn('directory', path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const stat = fstatSync(fd)
    if (stat.uid !== process.geteuid?.()) throw planted('directory', path, `it is user ${stat.uid}'s`)
    if ((stat.mode & 0o7777) !== mode) fchmodSync(fd, mode)
    return path
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes a file, 0600, or sees that the one that is there is a regular file of that mode.
 *
 * @throws RootError where something else is in its place
 */
export function makeOwnFile(path: string): void {
  const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants
  // A FIFO must not block.
  const fd = openOwn('file', path, O_WRONLY | O_CREAT | O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw planted('file', path, whatElse(stat))
    if ((stat.mode & 0o7777) !== FILE_MODE) fchmodSync(fd, FILE_MODE)
  } finally {
    closeSync(fd)
  }
}

/** Writes a file, 0600, in place of whatever is there. @throws RootError */
export function writeOwnFile(path: string, text: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
    writeFileSync(path, text, { mode: FILE_MODE, flag: 'wx' })
  } catch (error) {
    throw unwritable('file', path, error)
  }
}

/** Makes sure that nothing, or a regular file, is at a path that something else will open. @throws RootError */
export function assertOwnFile(path: string): void {
  const stat = look(path)
  if (stat !== undefined && !stat.isFile()) throw planted('file', path, whatElse(stat))
}

/**
 * Whether a path below a root leads through directories alone, as far as there are any, up to what is at its end.
 *
 * @param root its real path
 */
export function isUnlinked(path: string, root: string): boolean {
  for (let part = path; part.length > root.length; part = dirname(part)) {
    if (isLink(part)) return false
  }
  return true
}

/** Whether it is a symbolic link that stands at a path. */
export function isLink(path: string): boolean {
  return look(path)?.isSymbolicLink() === true
}

/** Without following it; undefined where there is nothing, or something else than a directory on the way. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}

function openOwn(what: Kind, path: string, flags: number): number {
  try {
    return openSync(path, flags | constants.O_NOFOLLOW, FILE_MODE)
  } catch (error) {
    const stat = look(path)
    const isOther = stat !== undefined && !(what === 'file' ? stat.isFile() : stat.isDirectory())
    throw isOther ? planted(what, path, whatElse(stat)) : unwritable(what, path, error)
  }
}

function whatElse(stat: Stats): string {
  if (stat.isSymbolicLink()) return 'it is a symbolic link, which is not followed'
  if (stat.isDirectory()) return 'it is a directory'
  return stat.isFile() ? 'it is a file' : 'it is no regular file'
}

type Kind = 'directory' | 'file'

function planted(what: Kind, path: string, why: string): RootError {
  return new RootError(`cannot use the ${what} ${path}: ${why}`, {
    hint: 'an engine uses nothing below its roots that it has not made; see who put that there, and take it away',
  })
}

function unwritable(what: Kind, path: string, cause: unknown): RootError {
  return cannot(`make the ${what}`, path, cause)
}

/** The error of what could not be done at a path, for the system's own reason. */
export function cannot(doing: string, path: string, cause: unknown): RootError {
  const { code } = cause as NodeJS.ErrnoException
  const words = cause instanceof Error ? cause.message : String(cause)
  return new RootError(`cannot ${doing} ${path}: ${words}`, {
    hint: code === 'ENOSPC' || code === 'EMFILE' ? hintForErrno(code) : ELSEWHERE,
    cause,
  })
}

/** What to do where a place cannot be used. */
export const ELSEWHERE = 'choose a directory that this user may write to, with --root and --run-root'
