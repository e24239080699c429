import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { join } from 'node:path'
import { ExitFileError } from '../errors.ts'
import { isContainerId, validId } from '../runtime/argv.ts'

/** What conmon left of a run. */
export interface ExitEvidence {
  /** 0–255, 128+n for signal n, −1 where conmon did not learn it. */
  code: number
  /** When the file was written; ISO 8601. */
  finishedAt: string
}

const MAX_BYTES = 32

/**
 * Reads `dir/ID`; undefined where there is none. Seed: updateContainerStatus.
 *
 * @throws ExitFileError where it is not what conmon writes, saying what it is
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

/** Removes `dir/ID`, whatever it is; no matter where there is none. */
export function removeExitFile(dir: string, id: string): void {
  rmSync(join(dir, validId(id)), { force: true, recursive: true })
}

/** Removes what a conmon that was killed while it wrote `dir/ID` has left: it writes `ID.XXXXXX`, then renames that. */
export function removeHalfExitFiles(dir: string, id: string): void {
  const halves = readNames(dir).filter((name) => HALF.test(name) && name.replace(HALF, '') === id)
  for (const name of halves) rmSync(join(dir, name), { force: true, recursive: true })
}

/** The ids that have an exit file, or something in its place; none where there is no directory. */
export function listExitFiles(dir: string): string[] {
  return readNames(dir).filter((name) => idOfExitFile(name) !== undefined)
}

/** The id that a file in the exits directory is of; undefined for conmon's temporary `ID.XXXXXX` and strangers. */
export function idOfExitFile(name: string): string | undefined {
  return isContainerId(name) && !HALF.test(name) ? name : undefined
}

const HALF = /\.[A-Za-z0-9]{6}$/

function readNames(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Whether conmon saw the container's cgroup run out of memory. It may have been another process of the container. */
export function wasOomKilled(runDir: string): boolean {
  return existsSync(join(runDir, 'oom'))
}

function openExitFile(path: string, id: string): number | undefined {
  try {
    // A FIFO put there must not block, nor a link lead elsewhere.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const what = code === 'ELOOP' ? 'a symbolic link' : code === 'ENXIO' ? 'a socket' : `unreadable (${code})`
    throw strange(path, id, what, cause)
  }
}

function whatElse(stat: Stats): string | undefined {
  if (stat.isDirectory()) return 'a directory'
  if (!stat.isFile()) return 'no regular file'
  if (stat.size === 0) return 'empty'
  return stat.size > MAX_BYTES ? `too large, ${stat.size} bytes` : undefined
}

function readCode(fd: number, path: string, id: string): number {
  const buffer = Buffer.alloc(MAX_BYTES)
  const text = buffer.toString('latin1', 0, readSync(fd, buffer)).trim()
  const code = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  if (code >= -1 && code <= 255) return code === 0 ? 0 : code
  throw strange(path, id, `no number from -1 to 255 but ${JSON.stringify(text)}`)
}

function strange(path: string, id: string, what: string, cause?: unknown): ExitFileError {
  return new ExitFileError(`the exit file ${path} is ${what}`, { containerId: id, cause })
}
