import { existsSync } from 'node:fs'
import type { ReadStream, WriteStream } from 'node:tty'

const STTY = ['/usr/bin/stty', '/bin/stty']

/**
 * Has this process's terminal pass every key on as it is, Ctrl-C too, and show what comes as it is.
 *
 * @returns a function that puts the terminal back; it is also put back when the process exits
 */
export async function enterRawMode(input: ReadStream): Promise<() => void> {
  const { spawnSync } = await import('node:child_process')
  const stty = STTY.find(existsSync)
  const enter = (): void => {
    input.setRawMode(true)
    // Node leaves it to the terminal to begin each new line at its start, which full-screen programs do not expect.
    if (stty !== undefined) spawnSync(stty, ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'], env: {} })
  }
  const restore = (): void => {
    process.off('exit', restore).off('SIGCONT', again)
    input.setRawMode(false)
  }
  /** Whoever stopped this process has set the terminal up for itself. */
  const again = (): void => {
    input.setRawMode(false)
    enter()
  }
  process.on('exit', restore).on('SIGCONT', again)
  enter()
  return restore
}

/** A terminal's size. */
interface Size {
  columns: number
  rows: number
}

/**
 * Tells of the size of this process's terminal, at once and whenever it changes. Where there is none, or one
 * that does not know its size, nothing is told.
 *
 * @returns a function that ends this
 */
export function watchSize(tell: (size: Size) => void): () => void {
  const terminal = [process.stdout, process.stderr].find((stream) => stream.isTTY) as WriteStream | undefined
  if (terminal === undefined) return () => {}
  const look = (): void => {
    const { columns, rows } = terminal
    if (columns > 0 && rows > 0) tell({ columns, rows })
  }
  terminal.on('resize', look)
  look()
  return () => terminal.off('resize', look)
}
