import fc from 'fast-check'
import { describe, test } from 'vitest'
import { inputPackets, MAX_INPUT_PACKET, parsePacket } from '../../../../effects/attach/packets.ts'
import {
  createFrameParser,
  decodeSize,
  encodeFrame,
  FRAME,
  type Frame,
  MAX_PAYLOAD,
} from '../../../../src/api/frames.ts'
import { cuts, cutUp } from '../mutations.ts'
import { claim, holdsForAll, outcomeOf } from '../property.ts'

const STREAMS = new Map([
  [2, 'stdout'],
  [3, 'stderr'],
])
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))

describe('a packet of conmon’s', () => {
  test('is a piece of one of two streams, or nothing, whatever is in it', () => {
    const first = fc.oneof(fc.constantFrom(2, 3), fc.integer({ min: 0, max: 255 }))
    holdsForAll({
      input: 'hostile attach packet',
      held: 'a piece of a stream with all its bytes, or nothing',
      cases: fc.tuple(fc.option(first), bytes),
      check([byte, rest]) {
        const packet = Buffer.concat([byte === null ? Buffer.alloc(0) : Buffer.of(byte), rest])
        const piece = parsePacket(packet)
        const stream = STREAMS.get(packet[0] ?? -1)
        claim(piece?.stream === stream, 'the first byte says which')
        if (piece !== undefined) claim(piece.data.equals(packet.subarray(1)), 'all that follows is its data')
      },
    })
  })

  test('takes input in pieces that conmon has room for, none of them empty, none of it lost', () => {
    const around = fc.tuple(fc.nat(3), fc.integer({ min: -2, max: 2 }))
    const length = around.map(([count, more]) => Math.max(0, count * MAX_INPUT_PACKET + more))
    const input = Buffer.from(
      Array.from({ length: 3 * MAX_INPUT_PACKET + 2 }, (_, index) => (index * 7) % 251),
    )
    holdsForAll({
      input: 'input of every length',
      held: 'packets that conmon takes, no byte lost',
      cases: fc.tuple(fc.oneof(length, fc.nat(input.length)), fc.nat(10)),
      check([size, from]) {
        const data = input.subarray(Math.min(from, size), size)
        let at = 0
        for (const packet of inputPackets(data)) {
          claim(packet.length > 0 && packet.length < 32_767, 'it is neither an end nor too long')
          claim(packet.equals(data.subarray(at, at + packet.length)), 'it goes on where the last one ended')
          at += packet.length
        }
        claim(at === data.length, 'all of it is sent')
      },
    })
  })
})

describe('a frame of the owner’s socket', () => {
  const types = Object.keys(FRAME) as (keyof typeof FRAME)[]
  const frames = fc.array(fc.record({ type: fc.constantFrom(...types), payload: bytes }), { maxLength: 5 })
  const encode = (all: readonly Frame[]): Buffer =>
    Buffer.concat(all.map(({ type, payload }) => encodeFrame(type, payload)))

  test('is put together however its bytes are cut', () => {
    holdsForAll({
      input: 'frames in pieces',
      held: 'the same frames',
      cases: fc.tuple(frames, cuts),
      check([wanted, places]) {
        const parser = createFrameParser()
        const found = cutUp(encode(wanted), places).flatMap((chunk) => parser.push(chunk))
        claim(found.length === wanted.length, 'there are as many')
        for (const [index, { type, payload }] of wanted.entries()) {
          claim(found[index]?.type === type && found[index].payload.equals(payload), 'each is the same')
        }
      },
    })
  })

  test('that is none ends the reading, and none is made up', () => {
    const changes = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { maxLength: 3 })
    holdsForAll({
      input: 'hostile frames',
      held: 'frames within bounds, or an error that says what was no frame',
      cases: fc.tuple(frames, changes, bytes, cuts),
      check([all, spoilt, more, places]) {
        const content = Buffer.concat([encode(all), more])
        for (const [at, byte] of spoilt) if (content.length > 0) content[at % content.length] = byte
        const parser = createFrameParser()
        let given = 0
        let used = 0
        for (const chunk of cutUp(content, places)) {
          const found = outcomeOf(() => parser.push(chunk))
          if (found instanceof Error) {
            claim(
              /^a frame of (the unknown type \d+|\d+ bytes, more than \d+)$/.test(found.message),
              'it says what',
            )
            return
          }
          given += chunk.length
          for (const { type, payload } of found) {
            const frame = encodeFrame(type, payload)
            claim(payload.length <= MAX_PAYLOAD, 'its length is in bounds')
            claim(content.subarray(used, used + frame.length).equals(frame), 'it is what was sent')
            used += frame.length
            const size = decodeSize(payload)
            claim(size === undefined || (payload.length === 4 && size.columns <= 65_535), 'a size is one')
          }
          claim(used <= given, 'nothing is told before it has come')
        }
      },
    })
  })
})
