/** What comes over the owner's socket piece by piece. */
import type { IncomingMessage } from 'node:http'
import { createLogParser } from '../../effects/log/parse.ts'
import { ERROR_TRAILER, type ErrorReply } from '../api/wire.ts'
import type { LogLine } from '../types.ts'
import { OwnerError } from './errors.ts'
import type { Call, Transport } from './transport.ts'

/** Follows a container's output: the lines that came together, each time some came. */
export async function* readLogs(transport: Transport, call: Call): AsyncGenerator<LogLine[]> {
  const parser = createLogParser()
  for await (const chunk of chunks(transport, call)) {
    const lines = parser.push(chunk)
    if (lines.length > 0) yield lines
  }
}

/** Follows what comes as JSON, one value to a line. */
export async function* readLines<Line>(transport: Transport, call: Call): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks(transport, call)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as Line
  }
}

/** A stream's bytes; whoever stops reading hangs up. */
async function* chunks(transport: Transport, call: Call): AsyncGenerator<Buffer> {
  const response = await transport.stream(call)
  try {
    for await (const chunk of response) yield chunk as Buffer
  } catch (error) {
    throw transport.lost(error, call.signal)
  }
  throwTrailer(response)
}

function throwTrailer(response: IncomingMessage): void {
  const trailer = response.trailers[ERROR_TRAILER]
  if (trailer !== undefined) throw new OwnerError(JSON.parse(decodeURIComponent(trailer)) as ErrorReply)
}
