import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { descriptorOf } from './descriptor.ts'

/** A bound socket of this process. */
export interface HeldSocket {
  readonly fd: number
  /** Lets go here; whoever was handed the descriptor keeps the port. */
  close(): Promise<void>
}

/** What to bind: both families where there is no address, and IPv6 alone for an IPv6 one. */
export interface BindRequest {
  /** A literal address. */
  address: string | undefined
  port: number
}

/** Listens, so that no other socket can have the port, whatever options it sets. */
export async function bindTcp({ address, port }: BindRequest): Promise<HeldSocket> {
  // Nobody is to be served: what connects in the instant before this process lets go is turned away.
  const server = createServer((socket) => socket.destroy())
  const ipv6Only = address?.includes(':') === true
  const where = { port, backlog: 1, exclusive: true, ipv6Only }
  server.listen(address === undefined ? where : { ...where, host: address })
  await once(server, 'listening')
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return held('tcp', server.address() as AddressInfo, close)
}

/** Binds; a socket that was bound for both families where there is no address. */
export async function bindUdp(request: BindRequest): Promise<HeldSocket> {
  if (request.address !== undefined) return bindDatagram(request.address, request.port)
  try {
    return await bindDatagram('::', request.port, false)
  } catch (error) {
    if (!WITHOUT_IPV6.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    return bindDatagram('0.0.0.0', request.port)
  }
}

const WITHOUT_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

async function bindDatagram(address: string, port: number, ipv6Only = true): Promise<HeldSocket> {
  const isIPv6 = address.includes(':')
  const socket = createSocket(isIPv6 ? { type: 'udp6', ipv6Only } : { type: 'udp4' })
  socket.bind({ port, address, exclusive: true })
  await once(socket, 'listening')
  const close = () => new Promise<void>((resolve) => socket.close(() => resolve()))
  return held('udp', socket.address(), close)
}

async function held(
  protocol: 'tcp' | 'udp',
  { address, port }: { address: string; port: number },
  close: () => Promise<void>,
): Promise<HeldSocket> {
  const fd = descriptorOf({ protocol, address, port })
  if (fd !== undefined) return { fd, close }
  await close()
  throw new Error(`the kernel does not list the socket bound to ${address} port ${port}`)
}
