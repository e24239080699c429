import { Socket } from 'node:net'
import type { Libc } from './libc.ts'
import { systemError } from './system-error.ts'

export const AF_UNIX = 1
export const SOCK_STREAM = 1
export const SOCK_CLOEXEC = 0o2000000

/** Both ends of a pair of connected sockets, which no program inherits. @throws the system's error */
export function socketPair(libc: Libc): [number, number] {
  const pair = [-1, -1]
  if (libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) !== 0) {
    throw systemError('socketpair', libc.errno())
  }
  const [one = -1, other = -1] = pair
  return [one, other]
}

/** A place for a descriptor in Node's event loop. */
export interface SocketPlace {
  readonly socket: Socket
  /** Has the socket be that descriptor, in the same turn of the loop. It stays the caller's to close. */
  take(fd: number): void
}

/** Makes sure of all that {@link socketOver} needs, for a descriptor that is not there yet. @throws the system's error */
export function socketPlace(libc: Libc): SocketPlace {
  const [ours, other] = socketPair(libc)
  libc.close(other)
  const socket = new Socket({ fd: ours, readable: true, writable: true, allowHalfOpen: true })
  return {
    socket,
    take(fd) {
      // Node has looked at what it is, and has not yet begun to watch it.
      if (libc.dup3(fd, ours, SOCK_CLOEXEC) >= 0) return
      const errno = libc.errno()
      socket.destroy()
      throw systemError('dup3', errno)
    },
  }
}

/**
 * A socket of Node's that in truth is another descriptor, of a kind that Node cannot make one of: Node's event loop
 * watches it, and Node reads and writes it as if it were its own. The descriptor itself stays the caller's to close.
 *
 * @throws the system's error
 */
export function socketOver(libc: Libc, fd: number): Socket {
  const place = socketPlace(libc)
  place.take(fd)
  return place.socket
}
