import { dirname, posix } from 'node:path'
import { removeCgroup } from '../../../effects/cgroup/directories.ts'
import { readHierarchies } from '../../../effects/cgroup/hierarchies.ts'
import { removeSockets, removeTraces } from '../../../effects/conmon/traces.ts'
import { removeExitFile, removeHalfExitFiles } from '../../../effects/exits/file.ts'
import { removeFrom } from '../../../effects/files/unfollowed.ts'
import type { Supervisor } from '../supervisor.ts'
import { clearMonitor } from './clear.ts'
import { areInPlace, removeRuntimeLink } from './directories.ts'

/** What belonged to a run is removed. An exit command that goes on has the run's directory for its own. */
export async function removeRunFiles(supervisor: Supervisor, withDirectory = true): Promise<void> {
  const { engine, paths, id } = supervisor
  discardExitFile(supervisor)
  discardHalfExitFiles(supervisor)
  const { sockets: socketsDir } = engine.paths
  const { bundle, runDirectory: runDir } = paths
  if (!areInPlace(supervisor)) removeFrom(socketsDir, id)
  else if (withDirectory) removeSockets({ id, bundle, socketsDir })
  else removeTraces({ id, bundle, runDir, socketsDir })
  removeRuntimeLink(supervisor)
  if (withDirectory) removeFrom(dirname(runDir), id)
  await clearMonitor(supervisor)
}

/** Removes the exit file. One that cannot be removed now will be nobody's, and go with the next sweep that can. */
export const discardExitFile = (supervisor: Supervisor): void => discard(supervisor, removeExitFile)

/** Looks through the whole directory. */
const discardHalfExitFiles = (supervisor: Supervisor): void => discard(supervisor, removeHalfExitFiles)

function discard({ engine, id, logger }: Supervisor, remove: (dir: string, id: string) => void): void {
  try {
    remove(engine.paths.exits, id)
  } catch (error) {
    logger.warn({ err: error }, 'the exit file could not be removed')
  }
}

/** Removes whatever a create has made that was not finished; its conmon and its runtime are dead. */
export async function clearCreation(supervisor: Supervisor): Promise<void> {
  await supervisor.engine.runtime.delete(supervisor.id, { force: true })
  // A runtime that was killed halfway leaves cgroups that its `delete` knows nothing of.
  await removeOwnCgroup(supervisor)
  await removeRunFiles(supervisor)
}

/** Removes the container's cgroup where no runtime does; never rejects. */
export async function removeOwnCgroup(supervisor: Supervisor): Promise<void> {
  try {
    const path = supervisor.spec().linux?.cgroupsPath
    // In normal form, as runtimes read it: nothing in it leads out of the hierarchy.
    if (path?.startsWith('/')) await removeCgroup(readHierarchies(), posix.normalize(path))
  } catch (error) {
    supervisor.logger.warn({ err: error }, 'the cgroup of the container could not be removed')
  }
}
