import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ExitFileError, RunchartError } from '../errors.ts'
import { quote } from '../quote.ts'
import { isContainerId, validId } from '../runtime/argv.ts'
import { isRealDirectory } from './directory.ts'

/** What conmon left of a run. */
export interface ExitEvidence {
  /** 0–255, 128+n for signal n, −1 where conmon did not learn it. */
  code: number
  /** When the file was written; ISO 8601. */
  finishedAt: string
}

const MAX_BYTES = 32

/**
 * Reads `dir/ID`; undefined where there is none, or where `dir` is a link to somewhere else. Seed:
 * updateContainerStatus.
 *
 * @throws ExitFileError where it is not what conmon writes, saying what it is
 * @throws RunchartError `EEXITS` where it cannot be told, as without permission or a free descriptor: ask again
 */
export function readExitFile(dir: string, id: string): ExitEvidence | undefined {
  const path = join(dir, validId(id))
  const fd = openExitFile(path, id)
  if (fd === undefined) return undefined
  try {
    const stat = fstatSync(fd)
    const what = whatElse(stat)
    if (what !== undefined) throw strange(path, id, what)
    return { code: readCode(fd, path, id), finishedAt: stat.mtime.toISOString() }
  } finally {
    closeSync(fd)
  }
}

/**
 * Removes `dir/ID`, whatever it is; no matter where there is none. A link in place of `dir` leads nowhere.
 *
 * @throws RunchartError `EEXITS` where the directory does not allow it
 */
export function removeExitFile(dir: string, id: string): void {
  const path = join(dir, validId(id))
  try {
    if (isRealDirectory(dir)) rmSync(path, { force: true, recursive: true })
  } catch (cause) {
    throw unusable('remove', path, id, cause)
  }
}

/** Removes what a conmon that was killed while it wrote `dir/ID` has left: it writes `ID.XXXXXX`, then renames that. */
export function removeHalfExitFiles(dir: string, id: string): void {
  const halves = listExitFiles(dir).filter((file) => file.isHalf && file.id === id)
  for (const { name } of halves) rmSync(join(dir, name), { force: true, recursive: true })
}

/**
 * Removes `dir/NAME` where it is what conmon writes, or less: a file that nobody waits for. True where it did. A link
 * in place of `dir` leads nowhere.
 */
export function removeStrangeFile(dir: string, name: string): boolean {
  const path = join(dir, name)
  if (!isRealDirectory(dir)) return false
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile() || stat.size > MAX_BYTES) return false
  rmSync(path, { force: true })
  return true
}

/** A file in the exits directory, under a name that conmon gives. */
export interface ListedFile {
  name: string
  /** The container's. */
  id: string
  /** Whether conmon has yet to give it its name, or was killed before that. */
  isHalf: boolean
}

/** What is in the directory under names that conmon gives; none where it is missing, or a link to somewhere else. */
export function listExitFiles(dir: string): ListedFile[] {
  if (!isRealDirectory(dir)) return []
  return readdirSync(dir).flatMap((name) => {
    const id = name.replace(HALF, '')
    return isContainerId(id) ? [{ name, id, isHalf: id !== name }] : []
  })
}

/** What conmon adds to a name while it writes. */
const HALF = /\.[A-Za-z0-9]{6}$/

/** The id that a file in the exits directory is of; undefined for conmon's temporary `ID.XXXXXX` and strangers. */
export function idOfExitFile(name: string): string | undefined {
  return isContainerId(name) && !HALF.test(name) ? name : undefined
}

/** Whether conmon saw the container's cgroup run out of memory. It may have been another process of the container. */
export function wasOomKilled(runDir: string): boolean {
  return existsSync(join(runDir, 'oom'))
}

const WHAT_CANNOT_BE_OPENED: Record<string, string> = { ELOOP: 'a symbolic link', ENXIO: 'a socket' }

function openExitFile(path: string, id: string): number | undefined {
  try {
    if (!isRealDirectory(dirname(path))) return undefined
    // A FIFO put there must not block, nor a link lead elsewhere.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const what = WHAT_CANNOT_BE_OPENED[code ?? '']
    if (what !== undefined) throw strange(path, id, what, cause)
    // Not the directory's fault, then.
    if (code === 'EACCES' && existsSync(path)) throw strange(path, id, 'unreadable', cause)
    throw unusable('read', path, id, cause)
  }
}

/** The directory's fault, or ours: nothing is concluded about the file. */
function unusable(doing: string, path: string, id: string, cause: unknown): RunchartError {
  const { code, message } = cause as NodeJS.ErrnoException
  const isFull = code === 'EMFILE' || code === 'ENFILE'
  return new RunchartError('EEXITS', `cannot ${doing} the exit file ${path}: ${message}`, {
    containerId: id,
    hint: isFull
      ? 'raise the limit of open files (ulimit -n)'
      : `look at the owner and the mode of ${dirname(path)}`,
    cause,
  })
}

function whatElse(stat: Stats): string | undefined {
  if (stat.isDirectory()) return 'a directory'
  if (!stat.isFile()) return 'no regular file'
  if (stat.uid !== process.geteuid?.()) return `user ${stat.uid}'s`
  if (stat.size === 0) return 'empty'
  return stat.size > MAX_BYTES ? `too large, ${stat.size} bytes` : undefined
}

function readCode(fd: number, path: string, id: string): number {
  const buffer = Buffer.alloc(MAX_BYTES)
  const text = buffer.toString('latin1', 0, readSync(fd, buffer)).trim()
  const code = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  if (code >= -1 && code <= 255) return code === 0 ? 0 : code
  throw strange(path, id, `no number from -1 to 255 but ${quote(text)}`)
}

function strange(path: string, id: string, what: string, cause?: unknown): ExitFileError {
  return new ExitFileError(`the exit file ${path} is ${what}`, { containerId: id, cause })
}
