import { StringDecoder } from 'node:string_decoder'
import { quote } from '../quote.ts'

/** What conmon reports of a create: the container's first process, or the runtime's words on its failure. */
export type SyncMessage = { pid: number } | { failed: string }

/** The longest line that is taken for a message, in characters; conmon sends at most 8191 bytes of one, escaped. */
export const MAX_SYNC_LINE = 64 * 1024

/** Linux has no pid above this, 2^22. */
const MAX_PID = 4_194_304

/** Reads one line of the sync pipe. What is no such message is a failure that quotes it; never throws. */
export function parseSyncMessage(line: string): SyncMessage {
  const value = line.length > MAX_SYNC_LINE ? undefined : parseObject(line)
  if (value === undefined) return { failed: `conmon sent no message but ${quote(line)}` }
  // `data` is what conmon calls it under its later interface.
  const pid = value.pid ?? value.data
  if (typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && pid <= MAX_PID) return { pid }
  return { failed: typeof value.message === 'string' ? value.message.trim() : '' }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Puts the first line together, however its bytes are cut. */
export interface LineReader {
  /** The line, once it is whole or too long to be a message; undefined before, and again after that. */
  push(chunk: Buffer): string | undefined
  /** What there is of a line that has no end yet. */
  rest(): string
}

/** Makes a {@link LineReader}, which keeps no more than a line of {@link MAX_SYNC_LINE} and one chunk. */
export function createLineReader(): LineReader {
  const decoder = new StringDecoder('utf8')
  let text = ''
  let isTold = false
  return {
    push(chunk) {
      if (isTold) return undefined
      text += decoder.write(chunk)
      const end = text.indexOf('\n')
      if (end === -1 && text.length <= MAX_SYNC_LINE) return undefined
      isTold = true
      const line = end === -1 ? text : text.slice(0, end)
      text = ''
      return line
    },
    rest: () => (isTold ? '' : text + decoder.end()),
  }
}
