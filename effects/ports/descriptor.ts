import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { endianness } from 'node:os'

/** A socket that waits for its first packet or connection. */
export interface BoundSocket {
  protocol: 'tcp' | 'udp'
  /** As the kernel has it: `::` for both families at once. */
  address: string
  port: number
}

/** Listening, and bound without a peer, as proc(5) numbers them. */
const WAITING = { tcp: '0A', udp: '07' } as const

/**
 * The number of this process's descriptor of a bound socket. Node tells it of no server; the kernel's tables do:
 * /proc/self/net has each socket's inode, /proc/self/fd the descriptor of each inode.
 */
export function descriptorOf(socket: BoundSocket): number | undefined {
  const table = `${socket.protocol}${isIPv4(socket.address) ? '' : '6'}`
  const inode = findInode(readFileSync(`/proc/self/net/${table}`, 'latin1'), socket)
  return inode === undefined ? undefined : findDescriptor(`socket:[${inode}]`)
}

/** Looks a socket up in a table such as /proc/net/tcp6. */
export function findInode(
  table: string,
  socket: BoundSocket,
  order: 'LE' | 'BE' = endianness(),
): string | undefined {
  const local = kernelAddress(socket.address, socket.port, order)
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  return rows.find((row) => row[1] === local && row[3] === WAITING[socket.protocol])?.[9]
}

function findDescriptor(link: string): number | undefined {
  const found = readdirSync('/proc/self/fd').find((fd) => linkOf(fd) === link)
  return found === undefined ? undefined : Number(found)
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // Closed since the directory was read; the one it was read through always is.
    return undefined
  }
}

/** `ADDRESS:PORT` as the kernel prints it: 32-bit words of network order, read in the machine's own. */
export function kernelAddress(address: string, port: number, order: 'LE' | 'BE'): string {
  const bytes = addressBytes(address)
  const words = Array.from({ length: bytes.length / 4 }, (_, word) => bytes.slice(4 * word, 4 * word + 4))
  const text = words.map((word) => hex(order === 'LE' ? word.reverse() : word)).join('')
  return `${text}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}

function addressBytes(address: string): number[] {
  if (isIPv4(address)) return address.split('.').map(Number)
  const [, head = '', tail] = /^(.*?)(?:::(.*))?$/.exec(withoutZone(address)) ?? []
  const [front, back] = [groupBytes(head), groupBytes(tail ?? '')]
  return [...front, ...Array(16 - front.length - back.length).fill(0), ...back]
}

/** Of `fe80::1%eth0`, which the kernel's table leaves out. */
function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? address
}

function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
