import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

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
  let file: { fd: number; size: number } | undefined
  const renew = ({ fd }: { fd: number }): void => {
    closeSync(fd)
    file = undefined
    renameSync(path, `${path}.1`)
    file = open(path)
  }
  return {
    write(line) {
      try {
        // Not before the first line: the directory is the engine's to make.
        file ??= open(path)
        if (file.size > 0 && file.size + line.length > maxBytes) renew(file)
        file.size += writeSync(file.fd, line)
      } catch {
        // Nobody is there to be told.
      }
    },
  }
}

function open(path: string): { fd: number; size: number } {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
  const fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600)
  return { fd, size: fstatSync(fd).size }
}
