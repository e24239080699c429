import { closeSync, openSync } from 'node:fs'
import { SystemError } from '../errors.ts'

/** Enough to read an exit, and to run a runtime for several containers at once. */
const HEADROOM = 32

/**
 * Makes sure that something new leaves enough descriptors to those that run already, and to what would undo it.
 *
 * @throws SystemError `EMFILE` or `ENFILE`
 */
export function assertDescriptorsLeft(containerId: string): void {
  const opened: number[] = []
  try {
    while (opened.length < HEADROOM) opened.push(openSync('/dev/null', 'r'))
  } catch (cause) {
    const { code = 'EMFILE' } = cause as NodeJS.ErrnoException
    const why = `${opened.length} more files can be opened; ${HEADROOM} are kept for what runs already`
    throw new SystemError(`container ${containerId}: ${why} (${code})`, code, { containerId, cause })
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}
