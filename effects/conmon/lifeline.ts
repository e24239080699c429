import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { ProgramError } from '../errors.ts'
import { baseEnvironment } from '../process/environment.ts'
import { runProgram } from '../process/program.ts'
import { findProgram } from '../runtime/find.ts'

/** The reading end of a FIFO whose writing end conmon holds for as long as it lives. */
export interface Lifeline {
  /** Resolves once nobody holds the writing end: conmon is dead. Never rejects; pending for ever after `close`. */
  readonly ended: Promise<void>
  /** Stops watching. */
  close(): void
}

const MKFIFO_TIMEOUT_MS = 10_000

/**
 * Makes the FIFO, mode 0600. One that is there and that nobody writes to is kept; anything else in its place
 * is replaced.
 *
 * @throws ProgramError where neither coreutils nor busybox can make one
 */
export async function makeLifeline(path: string): Promise<void> {
  if (isIdleFifo(path)) return
  rmSync(path, { force: true })
  const { program, args } = mkfifoProgram()
  const result = await runProgram({
    path: program,
    args: [...args, '-m', '600', path],
    env: baseEnvironment({}),
    timeoutMs: MKFIFO_TIMEOUT_MS,
  })
  if (result.exitCode === 0) return
  throw new ProgramError(
    `${program} could not make ${path}: ${result.stderr.trim() || `exit ${result.exitCode}`}`,
  )
}

let found: { program: string; args: string[] } | undefined

function mkfifoProgram(): { program: string; args: string[] } {
  found ??= findMkfifo()
  return found
}

function findMkfifo(): { program: string; args: string[] } {
  try {
    return { program: findProgram('mkfifo'), args: [] }
  } catch {
    return { program: findProgram('busybox'), args: ['mkfifo'] }
  }
}

function isIdleFifo(path: string): boolean {
  const fd = openReader(path)
  if (fd === undefined) return false
  const idle = (fstatSync(fd).mode & 0o777) === 0o600 && !hasWriter(fd)
  closeSync(fd)
  return idle
}

/**
 * Starts to watch; undefined where there is no FIFO. It does not keep the process alive. Whether a writer is there
 * is decided at once: where none is, `ended` is resolved already.
 */
export function openLifeline(path: string): Lifeline | undefined {
  const fd = openReader(path)
  return fd === undefined ? undefined : watchReader(fd)
}

/** Both ends at once, for a conmon about to be spawned: close `writerFd` once it has inherited it. */
export function openBothEnds(path: string): { writerFd: number; watch: () => Lifeline; abandon: () => void } {
  const readerFd = openReader(path)
  if (readerFd === undefined) throw new ProgramError(`${path} is no FIFO`)
  const writerFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  return { writerFd, watch: () => watchReader(readerFd), abandon: () => closeSync(readerFd) }
}

/** The FIFO's device and inode, by which a process that holds it is known. */
export function lifelineInode(path: string): { dev: bigint; ino: bigint } | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return stat?.isFIFO() === true ? { dev: stat.dev, ino: stat.ino } : undefined
}

function openReader(path: string): number | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return undefined
    throw error
  }
  if (fstatSync(fd).isFIFO()) return fd
  closeSync(fd)
  return undefined
}

function hasWriter(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true
    throw error
  }
}

function watchReader(fd: number): Lifeline {
  if (!hasWriter(fd)) {
    closeSync(fd)
    return { ended: Promise.resolve(), close: () => {} }
  }
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const socket = new Socket({ fd, readable: true, writable: false })
  socket.once('end', resolve).once('error', () => resolve())
  socket.unref()
  // Nobody writes to it; reading is what notices the end.
  socket.resume()
  return { ended, close: () => socket.destroy() }
}
