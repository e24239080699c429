import { PassThrough, type Readable } from 'node:stream'

/** How long a pipe that others still hold is read on after the exit, since its last bytes. */
const IDLE_MS = 100
/** A pipe holds no more than this; what comes after it was written after the exit. */
const MAX_AFTER_EXIT = 1024 * 1024

/**
 * A program's output with back-pressure: it waits while nobody reads.
 * `exited` says that the program is gone: what it had written is read to its end, though others that inherited the
 * pipe keep it open.
 */
export function createOutput(source: Readable): { stream: Readable; exited: () => void; drop: () => void } {
  const stream = new PassThrough()
  source.on('error', () => stream.end())
  source.pipe(stream)
  const drop = (): void => {
    source.unpipe(stream)
    source.destroy()
    stream.end()
  }
  return { stream, drop, exited: () => endWhenDry(source, stream, drop) }
}

function endWhenDry(source: Readable, stream: PassThrough, drop: () => void): void {
  if (source.readableEnded) return
  let left = MAX_AFTER_EXIT
  const rest = (): void => {
    // Not dry but held up by whoever reads it.
    if (stream.writableNeedDrain) stream.once('drain', rearm)
    else drop()
  }
  let timer = setTimeout(rest, IDLE_MS)
  const rearm = (): void => {
    clearTimeout(timer)
    timer = setTimeout(rest, IDLE_MS)
  }
  source.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) drop()
    else rearm()
  })
  source.once('close', () => clearTimeout(timer))
}
