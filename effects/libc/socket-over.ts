import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Libc, systemError } from './libc.ts'

export const AF_UNIX = 1
export const SOCK_STREAM = 1
export const SOCK_CLOEXEC = 0o2000000

/**
 * A socket of Node's that in truth is another descriptor, of a kind that Node cannot make one of: Node's event loop
 * watches it, and Node reads and writes it as if it were its own. The descriptor itself stays the caller's to close.
 *
 * @throws the system's error
 */
export function socketOver(libc: Libc, fd: number): Socket {
  const pair = [-1, -1]
  if (libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) !== 0) {
    throw systemError('socketpair', libc.errno())
  }
  const [ours = -1, other = -1] = pair
  closeSync(other)
  const socket = new Socket({ fd: ours, readable: true, writable: true, allowHalfOpen: true })
  // Node has looked at what it is, and has not yet begun to watch it.
  if (libc.dup3(fd, ours, SOCK_CLOEXEC) < 0) {
    const errno = libc.errno()
    socket.destroy()
    throw systemError('dup3', errno)
  }
  return socket
}
