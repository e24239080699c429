import { dirname, join } from 'node:path'
import { removeFrom } from '../../../effects/files/unfollowed.ts'
import { RootError } from '../../errors.ts'
import { isLink, isUnlinked, makeOwnDirectory, makeOwnFile, writeOwnFile } from '../../root/own.ts'
import type { Supervisor } from '../supervisor.ts'

/**
 * Makes what conmon is to find: the run's directory, empty, the bundle with its config.json, and the log.
 *
 * @throws RootError where something that is not ours is in the place of one of them
 */
export function makeDirectories(supervisor: Supervisor): void {
  const { paths, id, name } = supervisor
  try {
    removeRuntimeLink(supervisor)
    makeOwnDirectory(dirname(paths.runDirectory))
    removeFrom(dirname(paths.runDirectory), id)
    for (const path of [paths.runDirectory, dirname(paths.directory), paths.directory, paths.bundle]) {
      makeOwnDirectory(path)
    }
    writeOwnFile(join(paths.bundle, 'config.json'), JSON.stringify(supervisor.spec()))
    makeOwnFile(paths.log)
  } catch (cause) {
    if (!(cause instanceof RootError)) throw cause
    const { message, hint } = cause
    throw new RootError(`cannot create container ${name}: ${message}`, { containerId: id, hint, cause })
  }
}

/** Makes the directory of a command in a container. @throws RootError as {@link makeDirectories} */
export function makeSessionDirectory({ paths }: Supervisor, directory: string): void {
  const { runDirectory } = paths
  for (const path of [dirname(runDirectory), runDirectory, dirname(directory), directory]) {
    makeOwnDirectory(path)
  }
}

/** The runtime's state of a container is the runtime's to remove; a link in the place of it is nobody's. */
export function removeRuntimeLink({ engine, id }: Supervisor): void {
  const { runtimeRoot } = engine.paths
  if (isLink(join(runtimeRoot, id))) removeFrom(runtimeRoot, id)
}

/** Whether a container's directories are where they were made: nobody has put a link in the place of one. */
export function areInPlace({ paths, engine, logger }: Supervisor): boolean {
  const { root, runRoot } = engine.paths
  const inPlace = isUnlinked(paths.bundle, root) && isUnlinked(paths.runDirectory, runRoot)
  if (!inPlace) {
    logger.warn('a symbolic link is in the place of one of its directories; what it leads to is left alone')
  }
  return inPlace
}
