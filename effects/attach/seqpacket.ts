import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { openItself } from '../files/unfollowed.ts'
import { type Libc, loadLibc } from '../libc/libc.ts'
import { AF_UNIX, SOCK_CLOEXEC, socketOver } from '../libc/socket-over.ts'
import { systemError } from '../libc/system-error.ts'

/** A connected socket that keeps the bounds of packets: each `data` event is one. */
export interface Seqpacket {
  readonly socket: Socket
  /**
   * What is still unread after an error of the socket. A peer that goes before it has read everything resets the
   * connection, and Node then gives up what it had sent.
   */
  rest(): Buffer[]
}

const SOCK_SEQPACKET = 5
const SOCK_NONBLOCK = 0o4000
const MSG_DONTWAIT = 0x40
/** sizeof(struct sockaddr_un) */
const ADDRESS_BYTES = 110
/** More than conmon sends at once. */
const READ_BYTES = 64 * 1024

/**
 * Connects to a SOCK_SEQPACKET socket in a directory, whose path may be longer than a socket's may be.
 * Node reads and writes such a socket, but cannot make one: it is made by the C library and put in the place of a
 * socket that Node has.
 *
 * @throws the system's error: `ENOENT` and `ECONNREFUSED` where nobody listens, `EAGAIN` where too many wait
 */
export async function connectSeqpacket(directory: string, name: string): Promise<Seqpacket> {
  const libc = await loadLibc()
  const fd = libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  if (fd < 0) throw systemError('socket', libc.errno())
  try {
    connect(libc, fd, directory, name)
    return wrap(libc, fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function connect(libc: Libc, fd: number, directory: string, name: string): void {
  const socketFd = openItself(join(directory, name))
  if (socketFd === undefined) throw systemError('connect', constants.errno.ENOENT)
  try {
    // Where it is a symbolic link, the link itself, which nobody listens on.
    const address = socketAddress(`/proc/self/fd/${socketFd}`)
    if (libc.connect(fd, address, address.length) !== 0) throw systemError('connect', libc.errno())
  } finally {
    closeSync(socketFd)
  }
}

function socketAddress(path: string): Buffer {
  const address = Buffer.alloc(ADDRESS_BYTES)
  if (address.byteLength < 2 + Buffer.byteLength(path) + 1) throw systemError('connect', 36)
  if (new Uint8Array(new Uint16Array([AF_UNIX]).buffer)[0] === AF_UNIX) address.writeUInt16LE(AF_UNIX)
  else address.writeUInt16BE(AF_UNIX)
  address.write(path, 2)
  return address
}

function wrap(libc: Libc, fd: number): Seqpacket {
  const socket = socketOver(libc, fd)
  let open = true
  socket.once('close', () => {
    open = false
    closeSync(fd)
  })
  return { socket, rest: () => (open ? readRest(libc, fd) : []) }
}

function readRest(libc: Libc, fd: number): Buffer[] {
  const packets: Buffer[] = []
  const buffer = Buffer.alloc(READ_BYTES)
  let errors = 0
  // The reset is told once, before what is left.
  while (errors < 2) {
    const length = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT)
    if (length === 0) break
    if (length < 0) errors += 1
    else packets.push(Buffer.from(buffer.subarray(0, length)))
  }
  return packets
}
