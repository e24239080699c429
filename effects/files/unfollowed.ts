import { chmodSync, closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs'

/** From linux/fcntl.h; Node has no name for it. With O_NOFOLLOW it opens a symbolic link itself. */
const O_PATH = 0o10000000

/**
 * Gives the work a path to a directory that stays that directory whatever is put in its place meanwhile; undefined,
 * and the work is not done, where there is none or a symbolic link stands there: what that leads to is not ours.
 *
 * @throws the system's error where it may not be looked into
 */
export function inDirectory<T>(directory: string, work: (path: string) => T): T | undefined {
  const fd = openDirectory(directory)
  if (fd === undefined) return undefined
  try {
    return work(`/proc/self/fd/${fd}`)
  } finally {
    closeSync(fd)
  }
}

/** Removes `directory/name`, whatever it is, of a link the link alone; does nothing where {@link inDirectory} would not. */
export function removeFrom(directory: string, name: string): void {
  inDirectory(directory, (path) => rmSync(`${path}/${name}`, { recursive: true, force: true }))
}

/** Sets the mode of a file, a FIFO or a socket; of a symbolic link, or where there is nothing, does nothing. */
export function setMode(path: string, mode: number): void {
  const fd = openItself(path)
  if (fd === undefined) return
  try {
    // An O_PATH descriptor can be named, and not be given to fchmod(2).
    if (!fstatSync(fd).isSymbolicLink()) chmodSync(`/proc/self/fd/${fd}`, mode)
  } finally {
    closeSync(fd)
  }
}

/**
 * A descriptor that stands for what is at a path, a symbolic link itself among it, without opening it for anything;
 * undefined where there is nothing. To be closed.
 */
export function openItself(path: string): number | undefined {
  return openUnless(path, O_PATH | constants.O_NOFOLLOW)
}

function openDirectory(path: string): number | undefined {
  return openUnless(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

function openUnless(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw error
  }
}
