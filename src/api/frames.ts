/**
 * Streams in both directions on one upgraded connection: frames of a type, a length and that many bytes. The
 * server and the client share it; it loads nothing.
 */

/** The protocol that a connection is upgraded to. */
export const FRAMES_PROTOCOL = 'runchart-frames'

/**
 * The first byte of a frame. Four bytes of length follow, the most significant first, then the payload.
 * - `stdin`, `stdout`, `stderr`: bytes of that stream
 * - `resize`: columns and rows, two bytes each, the most significant first
 * - `end`: nothing more comes from this side; from a client it ends standard input
 * - `error`: an error reply as JSON; the last frame
 * - `json`: a value; what it means is the route's
 */
export const FRAME = { stdin: 0, stdout: 1, stderr: 2, resize: 3, end: 4, error: 5, json: 6 } as const

/** The name of a frame's type. */
export type FrameType = keyof typeof FRAME

/** One frame. */
export interface Frame {
  type: FrameType
  payload: Buffer
}

/** Bytes of a payload. Whoever has more sends several frames. */
export const MAX_PAYLOAD = 1024 * 1024

const HEADER_BYTES = 5
const TYPES = new Map<number, FrameType>(
  Object.entries(FRAME).map(([name, byte]) => [byte, name as FrameType]),
)

/** A frame as bytes. The payload is at most {@link MAX_PAYLOAD}. */
export function encodeFrame(type: FrameType, payload: Uint8Array = new Uint8Array()): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  frame[0] = FRAME[type]
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** Bytes of a stream as frames of a size that the other side takes. */
export function encodeBytes(type: 'stdin' | 'stdout' | 'stderr', data: Buffer): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < data.length; at += MAX_PAYLOAD) {
    frames.push(encodeFrame(type, data.subarray(at, at + MAX_PAYLOAD)))
  }
  return Buffer.concat(frames)
}

/** The frame that resizes a terminal; neither number is above 65,535. */
export function encodeSize({ columns, rows }: { columns: number; rows: number }): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt16BE(columns, 0)
  payload.writeUInt16BE(rows, 2)
  return encodeFrame('resize', payload)
}

/** Reads the payload of a `resize`; undefined where it is none. */
export function decodeSize(payload: Buffer): { columns: number; rows: number } | undefined {
  if (payload.length !== 4) return undefined
  return { columns: payload.readUInt16BE(0), rows: payload.readUInt16BE(2) }
}

/** Puts frames together again, however the bytes were cut. */
export interface FrameParser {
  /** The frames that are whole now. Throws Error for what is no frame; the connection is of no use then. */
  push(chunk: Buffer): Frame[]
}

/** Makes a {@link FrameParser}. */
export function createFrameParser(): FrameParser {
  let rest: Buffer = Buffer.alloc(0)
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const frames: Frame[] = []
      for (let frame = first(rest); frame !== undefined; frame = first(rest)) {
        frames.push(frame)
        rest = rest.subarray(HEADER_BYTES + frame.payload.length)
      }
      return frames
    },
  }
}

function first(bytes: Buffer): Frame | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const type = TYPES.get(bytes[0] ?? -1)
  const length = bytes.readUInt32BE(1)
  if (type === undefined) throw new Error(`a frame of the unknown type ${bytes[0]}`)
  if (length > MAX_PAYLOAD) throw new Error(`a frame of ${length} bytes, more than ${MAX_PAYLOAD}`)
  if (bytes.length < HEADER_BYTES + length) return undefined
  return { type, payload: bytes.subarray(HEADER_BYTES, HEADER_BYTES + length) }
}
