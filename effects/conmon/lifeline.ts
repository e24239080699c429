import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { ProgramError } from '../errors.ts'
import { loadLibc } from '../libc/libc.ts'
import { systemError } from '../libc/system-error.ts'
import { createLineReader } from './sync-pipe.ts'

/**
 * The reading end of a FIFO whose writing end conmon has for its sync pipe. conmon keeps that open until its very
 * end, after it has written the exit file, and it alone: it marks it close-on-exec. Any further descriptor would be
 * handed on to the runtime, which in crun's case keeps it until the container is started, and conmon would close it
 * before it writes the exit file.
 */
export interface Lifeline {
  /**
   * Resolves once nobody holds the writing end: conmon is dead, and an exit file that it could write is there.
   * The kernel may still be busy taking the process apart for an instant.
   * Never rejects; pending for ever after `close`.
   */
  readonly ended: Promise<void>
  /** Stops watching. */
  close(): void
}

/**
 * Makes the FIFO, mode 0600. One that is there and that nobody writes to is kept; anything else in its place
 * is replaced.
 *
 * @throws the system's error
 */
export async function makeLifeline(path: string): Promise<void> {
  if (isIdleFifo(path)) return
  rmSync(path, { recursive: true, force: true })
  // Not mkfifo(1): a process for each container would cost more than all else that is done here.
  const libc = await loadLibc()
  if (libc.mkfifo(path, 0o600) !== 0) throw systemError('mkfifo', libc.errno())
  // Whatever the umask has taken from it.
  chmodSync(path, 0o600)
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
export function openBothEnds(path: string): { writerFd: number; watch: () => SyncPipe; abandon: () => void } {
  const readerFd = openReader(path)
  if (readerFd === undefined) throw new ProgramError(`${path} is no FIFO`)
  // Open for reading as well, conmon never meets a broken pipe, which ends it in the middle of a create when the
  // engine dies; and its message stays in the FIFO for the next one.
  const writerFd = openOr(() => closeSync(readerFd), path, constants.O_RDWR | constants.O_NOFOLLOW)
  return { writerFd, watch: () => watchReader(readerFd), abandon: () => closeSync(readerFd) }
}

function openOr(undo: () => void, path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    undo()
    throw error
  }
}

/** A lifeline from its very beginning, when conmon still has to report on the create. */
export interface SyncPipe extends Lifeline {
  /** The first line, or what there was of it; empty where conmon is dead, or we closed it, without a word. */
  readonly line: Promise<string>
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

function watchReader(fd: number): SyncPipe {
  if (!hasWriter(fd)) {
    closeSync(fd)
    return { ended: Promise.resolve(), line: Promise.resolve(''), close: () => {} }
  }
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const socket = new Socket({ fd, readable: true, writable: false })
  socket.once('end', resolve).once('error', () => resolve())
  socket.unref()
  return { ended, line: readLine(socket), close: () => socket.destroy() }
}

/** Reads on after the line: that is what notices the end. */
function readLine(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const reader = createLineReader()
  socket.on('data', (chunk: Buffer) => {
    const line = reader.push(chunk)
    if (line !== undefined) resolve(line)
  })
  socket.once('close', () => resolve(reader.rest()))
  return promise
}
