import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { validId } from '../runtime/argv.ts'
import type { ConmonOptions } from './argv.ts'
import { runPaths } from './paths.ts'

/**
 * Removes what conmon left of an earlier run, but for its file in the exits directory: none of it goes by itself. The
 * log, conmon's standard error and the lifeline stay.
 */
export function removeTraces(options: Pick<ConmonOptions, 'id' | 'bundle' | 'runDir' | 'socketsDir'>): void {
  const { pidFile, monitorPidFile, runtimeLog, oom, exit } = runPaths(options.runDir)
  const fifos = ['attach', 'ctl', 'winsz'].map((name) => join(options.bundle, name))
  const link = join(options.socketsDir, validId(options.id))
  for (const path of [pidFile, monitorPidFile, runtimeLog, oom, exit, link, ...fifos])
    rmSync(path, { force: true })
}
