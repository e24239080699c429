import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { InvalidInputError } from '../../errors.ts'

const KEPT_FLAGS = constants.O_WRONLY | constants.O_RDWR | constants.O_APPEND

/** Descriptors that were opened here, to be closed once they have been handed on. */
export interface OpenedDescriptors {
  fds: number[]
  close(): void
}

/**
 * Opens what another process of this user has open: its pipes, FIFOs, terminals and files, each in the same mode. A
 * file is read from its beginning, since a position cannot be shared this way; a socket cannot be opened.
 *
 * @throws InvalidInputError naming the descriptor that cannot be opened
 */
export function openDescriptors(
  source: { pid: number; fds: readonly number[] } | undefined,
): OpenedDescriptors {
  const fds: number[] = []
  const close = (): void => {
    for (const fd of fds) closeSync(fd)
  }
  try {
    for (const fd of source?.fds ?? []) fds.push(openOne(source?.pid ?? 0, fd))
  } catch (error) {
    close()
    throw error
  }
  return { fds, close }
}

function openOne(pid: number, fd: number): number {
  try {
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0'
    return openSync(`/proc/${pid}/fd/${fd}`, Number.parseInt(flags, 8) & KEPT_FLAGS)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const hint =
      code === 'ENXIO'
        ? 'a socket cannot be handed over; use a pipe or a file'
        : 'open it before, as in `4< file`; 3 is the first that is handed over'
    throw new InvalidInputError(`descriptor ${fd} of process ${pid} cannot be handed over: ${code}`, {
      hint,
      cause,
    })
  }
}
