import { isIP } from 'node:net'
import { PortError, RunchartError } from '../errors.ts'
import { quote } from '../quote.ts'
import { bindTcp, bindUdp, type HeldSocket } from './bind.ts'

/** A port of the host that a container wants for itself. */
export interface PortRequest {
  protocol: 'tcp' | 'udp' | 'sctp'
  /** 1 to 65,535. */
  hostPort: number
  /** A literal IPv4 or IPv6 address; all of both families where undefined. */
  hostIp?: string | undefined
}

/** Ports that nobody else can have, as long as one of the descriptors is open anywhere. */
export interface PortReservation {
  /** To be handed to a process that keeps them open. */
  readonly fds: readonly number[]
  /** Closes them here. */
  release(): Promise<void>
}

const BIND = { tcp: bindTcp, udp: bindUdp } as const

/**
 * Binds each port on its address. Where one cannot be had, none is kept. SCTP is passed over with one warning for
 * all. Seed: bindPorts.
 *
 * @throws PortError naming the port, with the system's reason
 * @throws RunchartError `EINPUT` for a protocol, a port or an address that is none
 */
export async function reservePorts(
  ports: readonly PortRequest[],
  call: { warn: (message: string) => void; signal?: AbortSignal | undefined },
): Promise<PortReservation> {
  for (const port of ports) validatePort(port)
  const sockets: HeldSocket[] = []
  const release = async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()))
  }
  if (ports.some(({ protocol }) => protocol === 'sctp')) call.warn('ports of SCTP cannot be reserved')
  try {
    for (const port of ports) {
      call.signal?.throwIfAborted()
      if (port.protocol !== 'sctp') sockets.push(await bindPort(port, BIND[port.protocol]))
    }
  } catch (error) {
    await release()
    throw error
  }
  return { fds: sockets.map(({ fd }) => fd), release }
}

/** @throws RunchartError `EINPUT` */
export function validatePort({ protocol, hostPort, hostIp }: PortRequest): void {
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) {
    const hint = 'give tcp, udp or sctp'
    throw new RunchartError('EINPUT', `unknown protocol ${quote(protocol)} of port ${quote(hostPort)}`, {
      hint,
    })
  }
  if (!isPort(hostPort)) {
    throw new RunchartError('EINPUT', `${quote(hostPort)} is not a port`, {
      hint: 'give a whole number from 1 to 65535',
    })
  }
  if (hostIp !== undefined && isIP(hostIp) === 0) {
    throw new RunchartError('EINPUT', `the address ${quote(hostIp)} of port ${quote(hostPort)} is none`, {
      hint: 'give an IPv4 or IPv6 address of this machine, not a name; leave it out for all',
    })
  }
}

/** Whether a number is one that a port can have. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

async function bindPort(port: PortRequest, bind: (typeof BIND)['tcp' | 'udp']): Promise<HeldSocket> {
  const { hostIp: address, hostPort } = port
  try {
    return await bind({ address, port: hostPort })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reason = REASONS[code ?? '']
    throw new PortError(`cannot reserve port ${portName(port)}: ${reason?.words ?? message}`, port, {
      hint: reason?.hint,
      cause,
    })
  }
}

/** `127.0.0.1:80/tcp`, `[::1]:80/tcp`, `80/tcp`. */
export function portName({ protocol, hostPort, hostIp }: PortRequest): string {
  const address = hostIp === undefined ? '' : hostIp.includes(':') ? `[${hostIp}]:` : `${hostIp}:`
  return `${address}${hostPort}/${protocol}`
}

const REASONS: Record<string, { words: string; hint: string } | undefined> = {
  EADDRINUSE: { words: 'it is taken', hint: '`ss -lntup` shows by whom; choose another port or address' },
  EADDRNOTAVAIL: {
    words: 'this machine does not have that address',
    hint: '`ip address` lists those it has',
  },
  EACCES: { words: 'this user may not have it', hint: 'ports below 1024 are for root; choose a higher one' },
}
