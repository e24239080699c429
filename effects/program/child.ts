import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants as system } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { hintForErrno, ProgramError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { type SocketPlace, socketPair, socketPlace } from '../libc/socket-over.ts'
import { systemError } from '../libc/system-error.ts'

/** What a child has as a descriptor: nothing, the other end of a pipe, or one of the caller's. */
export type ChildDescriptor = 'ignore' | 'pipe' | number

/** A program to be run. */
export interface ChildRequest {
  /** Absolute; nothing is looked up. */
  path: string
  args: readonly string[]
  /** The whole environment; nothing is inherited. */
  env: Readonly<Record<string, string>>
  /** This process's own where left out. */
  cwd?: string | undefined
  /** From descriptor 0 on. */
  stdio: readonly ChildDescriptor[]
  /** For whom it is run. */
  containerId?: string | undefined
}

/** How a child ended; both null where something else in this process took its status. */
export interface ChildEnd {
  /** null where a signal ended it. */
  exitCode: number | null
  signal: string | null
}

/** A program that runs, in a session of its own. */
export interface Child {
  readonly pid: number
  /** The ends here, by the child's descriptor. The first can be written to, the next two read, others both. */
  readonly pipes: readonly (Socket | undefined)[]
  /** Never rejects. What it has written may still have to be read. */
  readonly ended: Promise<ChildEnd>
  /** False where it has ended. */
  kill(): boolean
  /** Kills it and all that have stayed in its process group; false where it has ended. */
  killGroup(): boolean
  /** Lets this process end before it. */
  unref(): void
}

const WNOHANG = 1

/**
 * Runs a program. Unlike Node's own spawn it costs the same in a large process as in a small one, and does not keep
 * the event loop waiting for a copy of that process: see {@link Libc.posixSpawn}.
 *
 * @throws ProgramError where it cannot be run; nothing is left open then
 */
export function spawnChild(libc: Libc, request: ChildRequest): Child {
  const pipes: Socket[] = []
  let place: SocketPlace | undefined
  try {
    // Before there is a child: one that nobody can watch must not be.
    place = socketPlace(libc)
    const pid = spawnWith(libc, request, pipes)
    return handle(pid, watch(libc, pid, place), pipes, place.socket)
  } catch (cause) {
    place?.socket.destroy()
    for (const pipe of pipes) pipe?.destroy()
    throw notStarted(request, cause as NodeJS.ErrnoException)
  }
}

function spawnWith(libc: Libc, request: ChildRequest, pipes: Socket[]): number {
  // Closed after the spawn, it leaves a descriptor for the watch, whatever else there is none for.
  const nothing = openSync('/dev/null', constants.O_RDWR)
  const theirEnds: number[] = []
  try {
    const descriptors = request.stdio.map((kind, at) => {
      if (kind === 'ignore') return nothing
      if (kind !== 'pipe') return kind
      const [ours, theirs] = socketPair(libc)
      theirEnds.push(theirs)
      pipes[at] = new Socket({ fd: ours, readable: at !== 0, writable: at === 0 || at > 2 })
      return theirs
    })
    return libc.posixSpawn({ ...request, descriptors })
  } finally {
    closeSync(nothing)
    for (const fd of theirEnds) libc.close(fd)
  }
}

/** Resolves with the child's end, as soon as the event loop hears of it. */
function watch(libc: Libc, pid: number, { socket, take }: SocketPlace): Promise<ChildEnd> {
  const pidfd = libc.pidfdOpen(pid)
  try {
    if (pidfd < 0) throw systemError('pidfd_open', libc.errno())
    take(pidfd)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSYS' && isMainThread) {
      socket.destroy()
      return endBySignal(libc, pid)
    }
    process.kill(pid, 'SIGKILL')
    libc.waitpid(pid, [0], 0)
    throw error
  } finally {
    if (pidfd >= 0) libc.close(pidfd)
  }
  return new Promise((resolve) => {
    // It becomes readable when the child has ended, though there is nothing in it that could be read: EINVAL.
    socket.once('error', () => {
      socket.destroy()
      resolve(waitFor(libc, pid) ?? UNKNOWN)
    })
  })
}

const looks = new Set<() => void>()

/** Before Linux 5.3 the kernel tells only that some child has ended, and only Node's main thread. */
function endBySignal(libc: Libc, pid: number): Promise<ChildEnd> {
  if (looks.size === 0) process.on('SIGCHLD', lookAtAll)
  return new Promise((resolve) => {
    const look = (): void => {
      const end = waitFor(libc, pid)
      if (end === undefined) return
      looks.delete(look)
      if (looks.size === 0) process.off('SIGCHLD', lookAtAll)
      resolve(end)
    }
    looks.add(look)
    // It may have ended before anybody listened.
    look()
  })
}

function lookAtAll(): void {
  for (const look of looks) look()
}

function handle(pid: number, end: Promise<ChildEnd>, pipes: Socket[], socket: Socket): Child {
  // Until it is waited for, no other process is given its number.
  let isOurs = true
  const ended = end.finally(() => {
    isOurs = false
  })
  return {
    pid,
    pipes,
    ended,
    kill: () => isOurs && signal(pid),
    killGroup: () => isOurs && signal(-pid),
    unref: () => void [socket, ...pipes].map((each) => each?.unref()),
  }
}

function signal(target: number): boolean {
  try {
    return process.kill(target, 'SIGKILL')
  } catch {
    return false
  }
}

const UNKNOWN: ChildEnd = { exitCode: null, signal: null }

/** undefined where it has not ended. */
function waitFor(libc: Libc, pid: number): ChildEnd | undefined {
  const status = [0]
  const waited = libc.waitpid(pid, status, WNOHANG)
  if (waited !== pid) return waited === 0 ? undefined : UNKNOWN
  const [word = 0] = status
  const number = word & 0x7f
  return number === 0
    ? { exitCode: (word >> 8) & 0xff, signal: null }
    : { exitCode: null, signal: SIGNAL_NAMES.get(number) ?? `signal ${number}` }
}

/** Of numbers with two names, the first. */
const SIGNAL_NAMES = new Map(
  Object.entries(system.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
)

function notStarted(request: ChildRequest, cause: NodeJS.ErrnoException): ProgramError {
  const { path, containerId } = request
  const why = whyNotStarted(request, cause)
  return new ProgramError(`cannot run ${path}: ${why}`, {
    containerId,
    hint: hintForErrno(cause.code),
    cause,
  })
}

function whyNotStarted({ cwd }: ChildRequest, { code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' && cwd !== undefined && !existsSync(cwd)) {
    return `its working directory ${cwd} does not exist`
  }
  return WORDS[code] ?? message
}

const WORDS: Record<string, string> = {
  ENOENT: 'no such file (ENOENT)',
  EACCES: 'not executable, or no permission (EACCES)',
  ENOEXEC: 'not a program for this machine (ENOEXEC)',
  EMFILE: 'too many open files in this process (EMFILE)',
  ENFILE: 'too many open files on this machine (ENFILE)',
  EAGAIN: 'too many processes (EAGAIN)',
  ENOMEM: 'not enough memory (ENOMEM)',
}
