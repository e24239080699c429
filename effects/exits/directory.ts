import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { RunchartError } from '../errors.ts'

/** Who can write there can forge an exit. */
const MODE = 0o750
const PERMISSIONS = 0o7777

/**
 * Makes the directory that conmon writes exit files to, 0750, where it is missing, and gives it that mode where it
 * has another.
 *
 * @throws RunchartError `EWATCH` where something else is in its place, it belongs to somebody else, or the file system
 * does not allow it
 */
export function claimExitsDirectory(dir: string): void {
  try {
    make(dir)
    const stat = lstatSync(dir)
    assertOurs(dir, stat)
    if ((stat.mode & PERMISSIONS) !== MODE) chmodSync(dir, MODE)
  } catch (cause) {
    if (cause instanceof RunchartError) throw cause
    throw new RunchartError(
      'EWATCH',
      `cannot watch the exits directory ${dir}: ${(cause as Error).message}`,
      {
        hint: 'give this user a directory there that it may read and write',
        cause,
      },
    )
  }
}

/** Whether a real directory is there; a link to one is another's, which is neither believed nor emptied. */
export function isRealDirectory(dir: string): boolean {
  return lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Tells one directory from another that takes its place; undefined where there is none. */
export function directoryIdentity(dir: string): string | undefined {
  const stat = lstatSync(dir, { throwIfNoEntry: false, bigint: true })
  return stat && `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`
}

function make(dir: string): void {
  if (lstatSync(dir, { throwIfNoEntry: false }) !== undefined) return
  mkdirSync(dirname(dir), { recursive: true, mode: 0o700 })
  mkdirSync(dir, { mode: MODE })
}

function assertOurs(dir: string, stat: Stats): void {
  if (!stat.isDirectory()) {
    const what = stat.isSymbolicLink() ? 'a symbolic link' : 'no directory'
    throw new RunchartError('EWATCH', `cannot watch the exits directory ${dir}: it is ${what}`, {
      hint: 'take it away; the directory is made again',
    })
  }
  const uid = process.geteuid?.()
  if (stat.uid === uid) return
  throw new RunchartError(
    'EWATCH',
    `cannot watch the exits directory ${dir}: it belongs to user ${stat.uid}`,
    {
      hint: `give it back: chown ${uid} ${dir}`,
    },
  )
}
