import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

/** Bytes. The run root is memory on most machines; a second file of this size may stand beside it. */
const MAX_BYTES = 1024 * 1024

/** Where a logger writes to. */
export interface LogFile {
  write(line: string): void
}

/**
 * A log that does not grow without end: full, it becomes `PATH.1` and a new one begins. A disk that cannot be
 * written loses lines, not the owner.
 */
export function openLogFile(path: string, maxBytes: number = MAX_BYTES): LogFile {
  let fd = open(path)
  let size = fd === undefined ? 0 : fstatSync(fd).size
  const renew = (): void => {
    if (fd !== undefined) closeSync(fd)
    renameSync(path, `${path}.1`)
    fd = open(path)
    size = 0
  }
  return {
    write(line) {
      try {
        if (size > 0 && size + line.length > maxBytes) renew()
        if (fd !== undefined) size += writeSync(fd, line)
      } catch {
        // Nobody is there to be told.
      }
    },
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600)
  } catch {
    return undefined
  }
}
