import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeExitFile, removeHalfExitFiles } from '../exits/file.ts'
import { validId } from '../runtime/argv.ts'
import type { ConmonOptions } from './argv.ts'
import { runPaths } from './paths.ts'

/**
 * Removes what conmon left of an earlier run, the exit file included: none of it goes by itself, and a stale exit
 * file would be taken for the next run's. The log, conmon's standard error and the lifeline stay.
 */
export function removeTraces(
  options: Pick<ConmonOptions, 'id' | 'bundle' | 'runDir' | 'exitsDir' | 'socketsDir'>,
): void {
  const { pidFile, monitorPidFile, runtimeLog, oom, exit } = runPaths(options.runDir)
  removeExitFile(options.exitsDir, options.id)
  removeHalfExitFiles(options.exitsDir, options.id)
  const fifos = ['attach', 'ctl', 'winsz'].map((name) => join(options.bundle, name))
  const link = join(options.socketsDir, validId(options.id))
  for (const path of [pidFile, monitorPidFile, runtimeLog, oom, exit, link, ...fifos])
    rmSync(path, { force: true })
}
