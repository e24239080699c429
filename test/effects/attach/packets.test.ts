import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inputPackets, MAX_INPUT_PACKET, parsePacket } from '../../../effects/attach/packets.ts'

describe('a packet from conmon', () => {
  it.each([
    [2, 'stdout'],
    [3, 'stderr'],
  ])('whose first byte is %i is %s, and the rest is its data', (first, stream) => {
    const anyData = fc.uint8Array({ maxLength: 9000 })
    fc.assert(
      fc.property(anyData, (data) => {
        const packet = Buffer.concat([Buffer.of(first), data])
        expect(parsePacket(packet)).toEqual({ stream, data: Buffer.from(data) })
      }),
    )
  })

  it('of any other kind, or an empty one, is no output', () => {
    const other = fc.uint8Array().filter(([first]) => first !== 2 && first !== 3)
    fc.assert(fc.property(other, (packet) => parsePacket(Buffer.from(packet)) === undefined))
  })
})

describe('input', () => {
  it('is cut into packets that conmon takes whole, none of them empty, with nothing lost', () => {
    const sizes = fc.integer({ min: 0, max: 4 * MAX_INPUT_PACKET + 1 })
    fc.assert(
      fc.property(sizes, (size) => {
        const data = Buffer.alloc(size, 'x')
        const packets = inputPackets(data)
        expect(Buffer.concat(packets).equals(data)).toBe(true)
        expect(packets.every(({ length }) => length > 0 && length <= MAX_INPUT_PACKET)).toBe(true)
        expect(MAX_INPUT_PACKET).toBeLessThan(32_768)
      }),
    )
  })
})
