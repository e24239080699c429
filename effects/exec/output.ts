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
  let pieces = 0
  let timer: NodeJS.Timeout
  const wait = (): void => {
    clearTimeout(timer)
    timer = setTimeout(look, IDLE_MS, pieces)
  }
  // The immediate gives what is already in the pipe one more turn of the loop, however late the timer is.
  const look = (before: number): NodeJS.Immediate => setImmediate(rest, before)
  const rest = (before: number): void => {
    if (source.destroyed) return
    if (pieces !== before) wait()
    // Not dry but held up by whoever reads it.
    else if (stream.writableNeedDrain) stream.once('drain', wait)
    else drop()
  }
  wait()
  source.on('data', (chunk: Buffer) => {
    pieces += 1
    left -= chunk.length
    if (left <= 0) drop()
  })
  source.once('close', () => clearTimeout(timer))
}
