import { constants, type FSWatcher, watch } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { RunchartError } from '../errors.ts'
import { watchHint } from '../process/inotify.ts'

/** How far a log is read. */
export interface ReadLogOptions {
  /** Resolves when all is written; then the rest is read and the iteration ends. Left out: what is there now. */
  follow?: Promise<unknown> | undefined
  /** Ends the iteration by throwing its reason. */
  signal?: AbortSignal | undefined
}

const CHUNK_BYTES = 64 * 1024

/**
 * The bytes of a growing file, in chunks of at most 64 KiB, woken by the file system. A file that does not exist
 * yet is waited for; one that was cut short or replaced is read again from its start.
 *
 * @throws RunchartError `EWATCH` where the directory cannot be watched, `ELOG` where something else is in its place
 * @throws the signal's reason
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncIterable<Buffer> {
  options.signal?.throwIfAborted()
  const waker = options.follow === undefined ? undefined : createWaker(path, options.follow, options.signal)
  const reader = createReader(path)
  try {
    for (;;) {
      // Asked before the read: what is written after it wakes us again.
      const last = waker?.ask() ?? true
      for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) {
        options.signal?.throwIfAborted()
        yield chunk
      }
      if (last) return
      await waker?.wake()
    }
  } finally {
    waker?.close()
    await reader.close()
  }
}

interface Reader {
  /** undefined at the end, for now. */
  read(): Promise<Buffer | undefined>
  close(): Promise<void>
}

function createReader(path: string): Reader {
  let file: FileHandle | undefined
  let offset = 0
  const close = async () => {
    await file?.close()
    file = undefined
    offset = 0
  }
  const readHere = async () => {
    if (file === undefined) return undefined
    if ((await file.stat()).size < offset) offset = 0
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, offset)
    offset += bytesRead
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
  }
  return {
    async read() {
      const chunk = await readHere()
      if (chunk !== undefined) return chunk
      if (file !== undefined && (await isStill(file, path))) return undefined
      // What was written to it after that read, before another took its place.
      const rest = await readHere()
      if (rest !== undefined) return rest
      await close()
      file = await openIfThere(path)
      return readHere()
    },
    close,
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  // A FIFO put there must not block, nor a link lead elsewhere.
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw noLog(path, error.code === 'ELOOP' ? 'a symbolic link' : `unreadable (${error.code})`, error)
  })
  if (file === undefined || (await file.stat()).isFile()) return file
  await file.close()
  throw noLog(path, 'no regular file')
}

function noLog(path: string, what: string, cause?: unknown): RunchartError {
  const hint = 'conmon did not make it; see who put that there, and take it away'
  return new RunchartError('ELOG', `the log ${path} is ${what}`, { hint, cause })
}

async function isStill(file: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([file.stat(), lstat(path).catch(() => undefined)])
  return there === undefined || (there.ino === ours.ino && there.dev === ours.dev)
}

interface Waker {
  /** Forgets past wake-ups; true once nothing more will be written. */
  ask(): boolean
  /** Resolves at the first event since `ask`. */
  wake(): Promise<void>
  close(): void
}

function createWaker(path: string, follow: Promise<unknown>, signal?: AbortSignal): Waker {
  let complete = false
  let happened = Promise.withResolvers<void>()
  const name = basename(path)
  const watcher = watchDirectory(dirname(path), (changed) => {
    if (changed === null || changed === name) happened.resolve()
  })
  const onAbort = () => happened.reject(signal?.reason)
  const onComplete = () => {
    complete = true
    happened.resolve()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  follow.then(onComplete, onComplete)
  return {
    ask() {
      signal?.throwIfAborted()
      happened = Promise.withResolvers<void>()
      happened.promise.catch(() => {})
      return complete
    },
    wake: () => happened.promise,
    close() {
      watcher.close()
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

/** The directory, not the file: that also tells of a file that appears or is replaced. */
function watchDirectory(dir: string, changed: (name: string | null) => void): FSWatcher {
  try {
    // A reader that has stopped reading, and never said so, must not keep the process alive.
    const watcher = watch(dir, { persistent: false }, (_, name) => changed(name))
    return watcher.on('error', () => changed(null))
  } catch (cause) {
    throw new RunchartError('EWATCH', `cannot watch ${dir}: ${(cause as Error).message}`, {
      hint: watchHint(cause),
      cause,
    })
  }
}
