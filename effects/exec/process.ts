import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { runPaths } from '../conmon/paths.ts'
import { RunchartError } from '../errors.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../process/identity.ts'
import { watchHint } from '../process/inotify.ts'
import { lookAt } from '../process/look.ts'

/** The number in a session's pid file; undefined where there is none yet. */
export function readSessionPid(sessionDir: string): number | undefined {
  const text = lookAt(() => readFileSync(runPaths(sessionDir).pidFile, 'latin1').trim()) ?? ''
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}

/**
 * The process of a session, where it lives: the one in its pid file, if its parent is the runtime or the conmon that
 * was told to write that file. A stranger that was given the number since is never taken for it.
 */
export function findSessionProcess(sessionDir: string): ProcessIdentity | undefined {
  const pid = readSessionPid(sessionDir)
  const identity = pid === undefined ? undefined : identifyProcess(pid)
  if (identity === undefined || !isOurs(identity.pid, runPaths(sessionDir).pidFile)) return undefined
  return isSameProcess(identity) ? identity : undefined
}

/**
 * Resolves with the pid file's number as soon as it is there; pending for ever after `close`.
 *
 * @throws RunchartError `EWATCH` where the kernel gives no watch
 */
export function watchSessionPid(sessionDir: string): { pid: Promise<number>; close: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const watcher = openWatch(sessionDir)
  const look = (): void => {
    const pid = readSessionPid(sessionDir)
    if (pid !== undefined) resolve(pid)
  }
  watcher.on('change', look).on('error', reject)
  promise.catch(() => {})
  look()
  return { pid: promise, close: () => watcher.close() }
}

function openWatch(directory: string): FSWatcher {
  try {
    return watch(directory, { persistent: false })
  } catch (cause) {
    throw new RunchartError('EWATCH', `cannot watch ${directory}: ${(cause as Error).message}`, {
      hint: watchHint(cause),
      cause,
    })
  }
}

function isOurs(pid: number, pidFile: string): boolean {
  const parent = parentOf(pid)
  const argv = parent && lookAt(() => readFileSync(`/proc/${parent}/cmdline`, 'utf8'))
  return argv?.split('\0').includes(pidFile) === true
}

/** Field 4 of /proc/PID/stat (proc(5)). */
function parentOf(pid: number): string | undefined {
  const stat = lookAt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
}
