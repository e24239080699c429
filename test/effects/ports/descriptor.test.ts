import { describe, expect, test } from 'vitest'
import { findInode, kernelAddress } from '../../../effects/ports/descriptor.ts'

describe('an address as the kernel prints it', () => {
  test.for([
    ['127.0.0.1', 8080, '0100007F:1F90', '7F000001:1F90'],
    ['0.0.0.0', 53, '00000000:0035', '00000000:0035'],
    ['::', 65535, '00000000000000000000000000000000:FFFF', '00000000000000000000000000000000:FFFF'],
    ['::1', 80, '00000000000000000000000001000000:0050', '00000000000000000000000000000001:0050'],
    ['fe80::a1%eth0', 1, '000080FE0000000000000000A1000000:0001', 'FE8000000000000000000000000000A1:0001'],
    ['::ffff:10.0.0.1', 1, '0000000000000000FFFF00000100000A:0001', '00000000000000000000FFFF0A000001:0001'],
    ['1:2:3:4:5:6:7:8', 1, '02000100040003000600050008000700:0001', '00010002000300040005000600070008:0001'],
  ] as const)('%s port %d', ([address, port, little, big]) => {
    expect(kernelAddress(address, port, 'LE')).toBe(little)
    expect(kernelAddress(address, port, 'BE')).toBe(big)
  })
})

test('a socket is found among connections that have its address', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0 20 4 30 10 -1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
`
  const socket = { protocol: 'tcp', address: '127.0.0.1', port: 8080 } as const
  expect(findInode(table, socket, 'LE')).toBe('222')
  expect(findInode(table, { ...socket, address: '127.0.0.2' }, 'LE')).toBe('333')
  expect(findInode(table, { ...socket, port: 8081 }, 'LE')).toBeUndefined()
})
