import { RunchartError } from '../errors.ts'
import { type Libc, loadLibc } from '../libc/libc.ts'
import { socketOver } from '../libc/socket-over.ts'
import { systemError } from '../libc/system-error.ts'
import { exitCodeOf, isSameOrZombie, reapedStatus, zombieStatus } from './exit-status.ts'
import type { ProcessIdentity } from './identity.ts'

/** A process that is nobody's child here, watched by the kernel. */
export interface ExitWatch {
  /**
   * Resolves once the process has ended, all of its threads: with 0–255, 128+n for signal n, or undefined where its
   * parent took the status and the kernel is too old to tell it again (before 6.15). Never rejects; pending for ever
   * after `close`.
   */
  readonly ended: Promise<number | undefined>
  /** Stops watching. */
  close(): void
}

const ESRCH = 3

/**
 * Watches that very process; undefined where it is gone. One that has ended and that its parent has not waited for is
 * still there. Costs a descriptor and no thread, and keeps no process of ours alive.
 *
 * @throws the system's error: `EMFILE` where there is no descriptor left, `ENOSYS` before Linux 5.3
 */
export async function watchExit(process: ProcessIdentity): Promise<ExitWatch | undefined> {
  const libc = await loadLibc()
  const pidfd = openPidfd(libc, process.pid)
  if (pidfd === undefined) return undefined
  // Looked at only now: from here on the number cannot become another's unseen.
  if (!isSameOrZombie(process)) {
    libc.close(pidfd)
    return undefined
  }
  try {
    return watch(libc, pidfd, process)
  } catch (error) {
    libc.close(pidfd)
    throw error
  }
}

/** @throws RunchartError `EWATCH` where this kernel cannot watch a process */
export async function assertExitWatch(): Promise<void> {
  const libc = await loadLibc()
  try {
    const pidfd = openPidfd(libc, process.pid)
    if (pidfd !== undefined) libc.close(pidfd)
  } catch (cause) {
    throw new RunchartError('EWATCH', `the kernel gives no watch on a process: ${(cause as Error).message}`, {
      hint: 'it takes Linux 5.3 or later, and no filter in front of pidfd_open',
      cause,
    })
  }
}

function openPidfd(libc: Libc, pid: number): number | undefined {
  const pidfd = libc.pidfdOpen(pid)
  if (pidfd >= 0) return pidfd
  const errno = libc.errno()
  if (errno === ESRCH) return undefined
  throw systemError('pidfd_open', errno)
}

function watch(libc: Libc, pidfd: number, process: ProcessIdentity): ExitWatch {
  const { promise: ended, resolve } = Promise.withResolvers<number | undefined>()
  const socket = socketOver(libc, pidfd)
  let closed = false
  const close = (): void => {
    if (closed) return
    closed = true
    socket.destroy()
    libc.close(pidfd)
  }
  // It becomes readable when the process has ended, though there is nothing in it that could be read: EINVAL.
  socket.once('error', () => {
    if (closed) return
    const status = readStatus(libc, pidfd, process)
    close()
    resolve(status === undefined ? undefined : exitCodeOf(status))
  })
  socket.unref()
  return { ended, close }
}

/** Until its parent has waited for it /proc has the status, and from then on the pidfd: it may do so between two looks. */
function readStatus(libc: Libc, pidfd: number, process: ProcessIdentity): number | undefined {
  return reapedStatus(libc, pidfd) ?? zombieStatus(process) ?? reapedStatus(libc, pidfd)
}
