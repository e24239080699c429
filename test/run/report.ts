import { readFile } from 'node:fs/promises'

/** How one test ended. */
export type Outcome = 'passed' | 'failed' | 'skipped'

/** One test, as a report tells of it. */
export interface TestResult {
  /** The names of its describe blocks and its own, with spaces between. */
  name: string
  outcome: Outcome
  /** Why, where it failed. */
  message?: string
}

/** How many tests ended which way. */
export type Counts = Record<Outcome, number>

/** The members of Vitest's JSON report that are read here. */
interface VitestReport {
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[]
  }[]
}

/**
 * The tests of one of Vitest's JSON reports. A file that failed before any of its tests could counts as one
 * failed test.
 *
 * @throws where the file is missing or is no such report
 */
export async function readReport(path: string): Promise<TestResult[]> {
  return parseReport(JSON.parse(await readFile(path, 'utf8')))
}

/** As {@link readReport}, of what was read. */
export function parseReport({ testResults }: VitestReport): TestResult[] {
  return testResults.flatMap((file) => {
    const results = file.assertionResults.map(({ fullName, status, failureMessages }) => ({
      name: fullName,
      outcome: outcomeOf(status),
      ...(failureMessages?.[0] === undefined ? {} : { message: failureMessages[0] }),
    }))
    const untold = file.status === 'failed' && !results.some(({ outcome }) => outcome === 'failed')
    return untold ? [...results, brokenFile(file.name, file.message)] : results
  })
}

/** Vitest says `pending`, `skipped`, `todo` and `disabled` of tests that did not run. */
function outcomeOf(status: string): Outcome {
  return status === 'passed' || status === 'failed' ? status : 'skipped'
}

function brokenFile(name: string, message: string | undefined): TestResult {
  return { name, outcome: 'failed', message: message ?? 'the file could not be run' }
}

/** Adds up. */
export function count(results: readonly TestResult[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { outcome } of results) counts[outcome] += 1
  return counts
}

/** The line that a run ends with. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** Whether a run is good: nothing failed, and something was run at all. */
export function isGood({ passed, failed }: Counts): boolean {
  return failed === 0 && passed > 0
}
