import { basename } from 'node:path'
import { removeFrom } from '../files/unfollowed.ts'
import { validId } from '../runtime/argv.ts'
import type { ConmonOptions } from './argv.ts'
import { MONITOR_ENDS } from './modes.ts'
import { runPaths } from './paths.ts'

/**
 * Removes what conmon left of an earlier run, but for its file in the exits directory: none of it goes by itself. The
 * log, conmon's standard error and the lifeline stay.
 */
export function removeTraces(options: Pick<ConmonOptions, 'id' | 'bundle' | 'runDir' | 'socketsDir'>): void {
  const { pidFile, monitorPidFile, runtimeLog, oom, exit } = runPaths(options.runDir)
  removeSockets(options)
  for (const path of [pidFile, monitorPidFile, runtimeLog, oom, exit]) {
    removeFrom(options.runDir, basename(path))
  }
}

/** The part of {@link removeTraces} that is not in the run's own directory. */
export function removeSockets({
  id,
  bundle,
  socketsDir,
}: Pick<ConmonOptions, 'id' | 'bundle' | 'socketsDir'>): void {
  removeFrom(socketsDir, validId(id))
  for (const name of MONITOR_ENDS) removeFrom(bundle, name)
}
