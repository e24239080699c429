import type { Writable } from 'node:stream'

/** Writes to standard output; resolves once it is out. Rejects where its reader has left. */
export const print = (text: string | Buffer): Promise<void> => write(process.stdout, text)

/** Writes a line for people; never fails. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Writes; resolves once it is out, so that a slow reader is waited for and nothing is lost at the end. */
export function write(stream: Writable, data: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()))
  })
}

/** A reader that has left shows in the write that failed; without a listener it would end the process. */
export function quietOnBrokenPipe(): void {
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
}

/** Whether an error means that nobody reads the output any more. */
export function isBrokenPipe(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  return code === 'EPIPE' && syscall === 'write'
}
