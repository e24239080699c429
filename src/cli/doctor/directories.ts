import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ownerSocketPath } from '../../root/paths.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Bytes of a socket's path that Linux takes. */
const MAX_SOCKET_PATH = 107
/** What group and others may do. */
const OTHERS = 0o077

/** Looks at a directory that an engine keeps things in, or at the place where it will be made. */
export function checkDirectory(check: string, path: string, option: string): Finding {
  const choose = `choose another with ${option}, or mend it as root`
  const stat = look(path)
  if (stat === undefined) return checkPlace(check, path, choose)
  if (!stat.isDirectory()) return fail(check, `${path} is not a directory`, choose)
  if (!isWritable(path)) return fail(check, `${path} cannot be written by this user`, choose)
  if (stat.uid !== process.geteuid?.()) {
    return warn(check, `${path} belongs to user ${stat.uid}`, `chown it, or ${choose}`)
  }
  if ((stat.mode & OTHERS) !== 0) {
    return warn(check, `${path} is open to others (${(stat.mode & 0o777).toString(8)})`, `chmod 700 ${path}`)
  }
  return ok(check, path)
}

/** A run root must leave room for the names of the sockets in it. */
export function checkSocketPath(runRoot: string): Finding {
  const length = Buffer.byteLength(ownerSocketPath(runRoot))
  if (length <= MAX_SOCKET_PATH) return ok('socket path', `${length} of ${MAX_SOCKET_PATH} bytes`)
  const detail = `${ownerSocketPath(runRoot)} is ${length} bytes long; ${MAX_SOCKET_PATH} are possible`
  return fail('socket path', detail, 'choose a shorter --run-root')
}

function checkPlace(check: string, path: string, choose: string): Finding {
  let parent = dirname(path)
  while (look(parent) === undefined && parent !== dirname(parent)) parent = dirname(parent)
  if (look(parent)?.isDirectory() && isWritable(parent)) return ok(check, `${path}, to be made`)
  return fail(check, `${path} cannot be made: this user may not write to ${parent}`, choose)
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // A file on the way, or a directory that this user may not look into.
    return undefined
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
