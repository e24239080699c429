import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, test, vi } from 'vitest'
import { type PortRequest, reservePorts } from '../../../effects/ports/reserve.ts'
import { canBind, freePort } from '../../fixtures/ports.ts'

const warn = vi.fn<(message: string) => void>()
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'))

describe.for(['tcp', 'udp'] as const)('a port of %s', (protocol) => {
  test.for([['127.0.0.1'], ['127.0.0.2'], ['0.0.0.0'], [undefined]] as const)(
    'on %s is taken until it is released',
    async ([hostIp]) => {
      const hostPort = await freePort()
      const reservation = await reservePorts([{ protocol, hostPort, hostIp }], { warn })
      expect(reservation.fds.map((fd) => fstatSync(fd).isSocket())).toEqual([true])
      expect(await canBind(protocol, hostIp ?? '0.0.0.0', hostPort)).toBe('EADDRINUSE')
      await reservation.release()
      expect(await canBind(protocol, hostIp ?? '0.0.0.0', hostPort)).toBe('yes')
    },
  )

  test('on an IPv6 address leaves IPv4 alone; on none it has both', async ({ skip }) => {
    if (!hasIPv6) skip('this machine has no IPv6 address')
    const hostPort = await freePort()
    const one = await reservePorts([{ protocol, hostPort, hostIp: '::1' }], { warn })
    expect(await canBind(protocol, '::1', hostPort)).toBe('EADDRINUSE')
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('yes')
    await one.release()
    const all = await reservePorts([{ protocol, hostPort, hostIp: '::' }], { warn })
    expect(await canBind(protocol, '::1', hostPort)).toBe('EADDRINUSE')
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('yes')
    await all.release()
    const both = await reservePorts([{ protocol, hostPort }], { warn })
    expect(await canBind(protocol, '::1', hostPort)).toBe('EADDRINUSE')
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    await both.release()
  })

  test('that is taken is an error that names it, and none of the others is kept', async () => {
    const [free, hostPort] = [await freePort(), await freePort()]
    const holder = await reservePorts([{ protocol, hostPort, hostIp: '127.0.0.1' }], { warn })
    const wanted = [free, hostPort].map((port) => ({ protocol, hostPort: port, hostIp: '127.0.0.1' }))
    await expect(reservePorts(wanted, { warn })).rejects.toMatchObject({
      code: 'EPORT',
      port: hostPort,
      message: `cannot reserve port 127.0.0.1:${hostPort}/${protocol}: it is taken`,
    })
    expect(await canBind(protocol, '127.0.0.1', free)).toBe('yes')
    await holder.release()
  })

  test('on an address of another machine says so', async () => {
    const wanted: PortRequest = { protocol, hostPort: 18_080, hostIp: '192.0.2.1' }
    await expect(reservePorts([wanted], { warn })).rejects.toThrow(
      `192.0.2.1:18080/${protocol}: this machine does not have that address`,
    )
  })
})

test('SCTP is passed over with one warning, however many there are', async () => {
  warn.mockClear()
  const sctp = (hostPort: number): PortRequest => ({ protocol: 'sctp', hostPort })
  const reservation = await reservePorts([sctp(1000), sctp(1001)], { warn })
  expect(reservation.fds).toEqual([])
  expect(warn.mock.calls).toEqual([['ports of SCTP cannot be reserved']])
})

test.for([
  [{ protocol: 'icmp', hostPort: 80 }, 'unknown protocol "icmp" of port 80'],
  [{ protocol: 'tcp', hostPort: 0 }, '0 is not a port'],
  [{ protocol: 'tcp', hostPort: 65_536 }, '65536 is not a port'],
  [{ protocol: 'tcp', hostPort: 80.5 }, '80.5 is not a port'],
  [{ protocol: 'udp', hostPort: 80, hostIp: 'localhost' }, '"localhost" of port 80'],
] as const)('%j is refused', async ([port, words]) => {
  await expect(reservePorts([port as PortRequest], { warn })).rejects.toThrow(words)
})

test('two sockets on one port and different addresses are told apart', async () => {
  const hostPort = await freePort()
  const wanted = ['127.0.0.1', '127.0.0.2'].map((hostIp) => ({ protocol: 'tcp' as const, hostPort, hostIp }))
  const reservation = await reservePorts(wanted, { warn })
  expect(new Set(reservation.fds).size).toBe(2)
  await reservation.release()
})

test('these tests can tell a taken port', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  expect(await canBind('tcp', '127.0.0.1', (server.address() as AddressInfo).port)).toBe('EADDRINUSE')
  server.close()
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  expect(await canBind('udp', '127.0.0.1', socket.address().port)).toBe('EADDRINUSE')
  socket.close()
})
