import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The variable that tells a suite's processes which run they belong to. */
export const RUN_VARIABLE = 'RUNCHART_TEST_RUN'

/** How the names of all directories begin that tests make. */
export const TEST_DIRECTORY = 'runchart-test-'

/**
 * Whose a thing is, judged by the text it is known by: a path, a command line, a line of a mount table.
 * - `ours`: it bears the run's mark
 * - `others`: it is of another run that is under way, or of a test run by hand
 * - `unclaimed`: it is runchart's, and nobody's mark is on it
 * - `foreign`: it has nothing to do with runchart
 */
export type Owner = 'ours' | 'others' | 'unclaimed' | 'foreign'

/** @param run the run's mark */
export function ownerOf(text: string, run: string): Owner {
  if (text.includes(`${TEST_DIRECTORY}${run}-`) || text.includes(`${RUN_VARIABLE}=${run}`)) return 'ours'
  if (text.includes(TEST_DIRECTORY) || text.includes(`${RUN_VARIABLE}=`)) return 'others'
  return text.includes(join(tmpdir(), 'runchart')) ? 'unclaimed' : 'foreign'
}
