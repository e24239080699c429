import { join } from 'node:path'
import { setMode } from '../files/unfollowed.ts'
import type { ConmonOptions } from './argv.ts'
import { runPaths } from './paths.ts'

/** In conmon's bundle. */
export const MONITOR_ENDS = ['attach', 'ctl', 'winsz'] as const

/**
 * Makes what conmon and the runtime have made for a run its owner's alone. They leave it to the umask, which is the
 * caller's, and not to be changed for a moment in a program with threads.
 */
export function makePrivate({ bundle, runDir }: Pick<ConmonOptions, 'bundle' | 'runDir'>): void {
  const { pidFile, monitorPidFile, runtimeLog } = runPaths(runDir)
  for (const path of [pidFile, monitorPidFile, runtimeLog]) setMode(path, 0o600)
  for (const name of MONITOR_ENDS) setMode(join(bundle, name), 0o600)
}
