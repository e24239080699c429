import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createFrameParser,
  decodeSize,
  encodeBytes,
  encodeFrame,
  encodeSize,
  FRAME,
  type FrameType,
  MAX_PAYLOAD,
} from '../../src/api/frames.ts'

const anyType = fc.constantFrom(...(Object.keys(FRAME) as FrameType[]))
const anyFrame = fc.record({
  type: anyType,
  payload: fc.uint8Array({ maxLength: 300 }).map((a) => Buffer.from(a)),
})

/** Bytes, cut at those places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const bounds = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end))
}

describe('frames', () => {
  test('arrive as they were sent, however the bytes are cut on the way', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (frames, places) => {
          const bytes = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)))
          const parser = createFrameParser()
          expect(cut(bytes, places).flatMap((chunk) => parser.push(chunk))).toEqual(frames)
        },
      ),
    )
  })

  test('are laid out as they are documented', () => {
    expect(encodeFrame('stdout', Buffer.from('hi'))).toEqual(Buffer.from('\x01\0\0\0\x02hi'))
    expect(encodeSize({ columns: 258, rows: 24 })).toEqual(Buffer.from('\x03\0\0\0\x04\x01\x02\0\x18'))
  })

  test('of what is too long for one are several, with nothing lost', () => {
    const data = Buffer.alloc(2 * MAX_PAYLOAD + 7, 'abc')
    const frames = createFrameParser().push(encodeBytes('stdin', data))
    expect(frames.map(({ type, payload }) => [type, payload.length])).toEqual([
      ['stdin', MAX_PAYLOAD],
      ['stdin', MAX_PAYLOAD],
      ['stdin', 7],
    ])
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(data)).toBe(true)
  })

  test('carry sizes', () => {
    const cells = fc.integer({ min: 0, max: 65_535 })
    fc.assert(
      fc.property(cells, cells, (columns, rows) => {
        const [frame] = createFrameParser().push(encodeSize({ columns, rows }))
        expect(decodeSize(frame?.payload ?? Buffer.alloc(0))).toEqual({ columns, rows })
      }),
    )
    expect(decodeSize(Buffer.alloc(3))).toBeUndefined()
  })

  test('that are none, or too long, are told of before they are waited for', () => {
    expect(() => createFrameParser().push(Buffer.from('GET / HTTP/1.1'))).toThrow('unknown type 71')
    expect(() => createFrameParser().push(Buffer.from([1, 255, 255, 255, 255]))).toThrow('4294967295 bytes')
  })
})
