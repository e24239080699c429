import type { Attachment } from '../../types.ts'
import { note, write } from '../output/print.ts'
import { createDetachScanner } from './detach-keys.ts'
import { enterRawMode, watchSize } from './raw-mode.ts'

/** Which of this process's streams an attachment is connected to. */
export interface SessionOptions {
  /** Whether standard input is passed on. */
  stdin: boolean
  /** Bytes that detach, where a person types them; none for nothing. */
  detachKeys: readonly number[]
}

/** What a terminal is connected with. */
export type Connected = Pick<Attachment, 'terminal' | 'output' | 'write' | 'end' | 'resize' | 'detach'>

/** How a session ended: the container's streams did, or the person at the terminal left. */
export type SessionEnd = 'ended' | 'detached'

/**
 * Connects an attachment with this process's own streams, until either side ends. A terminal is put back on every
 * way out. Throws what the attachment's output throws.
 */
export async function runSession(attachment: Connected, options: SessionOptions): Promise<SessionEnd> {
  const typed = options.stdin && attachment.terminal && process.stdin.isTTY === true
  const restore = typed ? await enterRawMode(process.stdin) : () => {}
  const unwatch = attachment.terminal ? watchSize((size) => quietly(attachment.resize(size))) : () => {}
  const input = options.stdin ? passInput(attachment, typed ? options : undefined) : undefined
  try {
    await copyOutput(attachment)
    return input?.detached() === true ? 'detached' : 'ended'
  } finally {
    input?.stop()
    unwatch()
    restore()
  }
}

/**
 * Passes standard input on as it comes, and its end. It is not read on while what was read has not been taken.
 * Where a person types it, keys may detach, and its end, which is that of the terminal, does.
 *
 * @returns whether it ended by detaching, and a function that stops it
 */
export function passInput(
  attachment: Connected,
  typed?: { detachKeys: readonly number[] },
): { detached: () => boolean; stop: () => void } {
  const { stdin } = process
  const scanner = createDetachScanner(typed?.detachKeys ?? [])
  let detached = false
  const leave = (): void => {
    detached = true
    attachment.detach()
  }
  const onData = (chunk: Buffer): void => {
    const result = scanner.push(chunk)
    stdin.pause()
    quietly(attachment.write(result.data).then(() => stdin.resume()))
    if (result.detached) leave()
  }
  const onEnd = (): void => (typed === undefined ? quietly(attachment.end()) : leave())
  // A terminal that has gone away.
  const onError = (): void => leave()
  stdin.on('data', onData).on('end', onEnd).on('error', onError)
  return {
    detached: () => detached,
    stop() {
      stdin.off('data', onData).off('end', onEnd)
      stdin.pause()
    },
  }
}

/** A terminal that nobody types at works, but not as a person may expect. */
export function warnWithoutTerminal(): void {
  if (process.stdin.isTTY === true) return
  note('runchart: standard input is no terminal; what it has is passed on as if it were typed')
}

async function copyOutput({ output }: Connected): Promise<void> {
  for await (const { stream, data } of output) await write(process[stream], data)
}

/** What goes wrong with input is told by the end of output. */
function quietly(work: Promise<unknown>): void {
  work.catch(() => {})
}
