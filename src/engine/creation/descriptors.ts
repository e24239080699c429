import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import { isOpen } from './inherited.ts'

/** More than anybody hands over by intent; the limit of open files is often 1,024. */
const MAX_FDS = 512

/**
 * The open descriptors that a container's first run is to have from 3 on. Later runs have none: they come from its
 * caller, who may be gone by then.
 *
 * @param listenFds those of a service manager, which a container would look for at the same numbers
 * @throws InvalidInputError naming the descriptor that is not open
 */
export function readPreserved(fds: readonly number[] | undefined, listenFds: readonly number[]): number[] {
  const preserved = readDescriptors(fds ?? [])
  if (preserved.length > 0 && listenFds.length > 0) {
    throw new InvalidInputError('descriptors cannot be handed over beside sockets of a service manager', {
      hint: 'both begin at descriptor 3: take LISTEN_FDS out of the environment, or hand none over',
    })
  }
  return preserved
}

/**
 * The descriptors as they were given, each open in this process.
 *
 * @throws InvalidInputError naming the one that is not
 */
export function readDescriptors(fds: readonly number[]): number[] {
  if (!Array.isArray(fds) || fds.length > MAX_FDS) {
    throw invalid('descriptors', fds, `give a list of at most ${MAX_FDS} numbers`)
  }
  for (const fd of fds) {
    if (!Number.isSafeInteger(fd) || fd < 0 || !isOpen(fd)) {
      throw invalid('descriptor', fd, 'give the number of one that is open')
    }
  }
  return [...fds]
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
