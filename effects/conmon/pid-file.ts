import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { RunchartError } from '../errors.ts'

/**
 * Writes a process number where a service manager looks for it, such as systemd with `PIDFile=`: whole or not at
 * all, and in place of what was there.
 *
 * @throws RunchartError `EPIDFILE`
 */
export function writePidFile(path: string, pid: number): void {
  const unready = `${path}.${process.pid}.new`
  try {
    writeFileSync(unready, `${pid}\n`, { mode: 0o644, flag: 'wx' })
    renameSync(unready, path)
  } catch (cause) {
    rmSync(unready, { force: true })
    const words = (cause as Error).message
    throw new RunchartError('EPIDFILE', `cannot write the pid file ${path}: ${words}`, {
      hint: 'give a path in a directory that this user may write to',
      cause,
    })
  }
}

/** Removes a pid file that still names that process; another's is left alone. Never throws. */
export function removePidFile(path: string, pid: number): void {
  try {
    if (readFileSync(path, 'latin1').trim() === String(pid)) rmSync(path)
  } catch {}
}
