import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { FAULTS_VARIABLE } from '../faults/table.ts'
import { RUN_VARIABLE } from './ownership.ts'
import { readReport, type TestResult } from './report.ts'

/** The suites, with the minutes that each may take: `fast` is `npm test`, `full` is `npm run test:full`. */
const TIME_LIMIT = { fast: 10, full: 45 }

/** The name of a suite. */
export type Suite = keyof typeof TIME_LIMIT

/** Whether it is the name of a suite. */
export function isSuite(name: string | undefined): name is Suite {
  return name !== undefined && Object.hasOwn(TIME_LIMIT, name)
}

/** Vitest's report of a suite, and what the runner has to add to it. */
function reportPaths(suite: Suite): { tests: string; checks: string; faults: string } {
  return {
    tests: join('.test-report', `${suite}.json`),
    checks: join('.test-report', `${suite}.checks.json`),
    faults: resolve('.test-report', `${suite}.faults.jsonl`),
  }
}

/** Where the tests of a suite put down what they injected; absolute. */
export const faultsPath = (suite: Suite): string => reportPaths(suite).faults

/**
 * Runs a suite under Vitest, which prints as it goes and writes its report.
 *
 * @param run the mark that the suite's processes and directories bear
 * @param filters parts of the names of test files; all files where empty
 * @returns how Vitest failed; undefined where it did not. `told` where its report should say it too
 */
export async function runVitest(
  suite: Suite,
  run: string,
  filters: readonly string[],
): Promise<{ message: string; told: boolean } | undefined> {
  const { tests, checks, faults } = reportPaths(suite)
  await Promise.all([tests, checks, faults].map((path) => rm(path, { force: true })))
  await mkdir(dirname(tests), { recursive: true })
  const mode = suite === 'full' ? ['--mode', 'full'] : []
  const reporters = ['default', 'json', join(import.meta.dirname, 'live-reporter.ts')]
  const reporting = [...reporters.map((name) => `--reporter=${name}`), `--outputFile.json=${tests}`]
  const { exitCode, timedOut, failed, shortMessage } = await execa(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--allowOnly=false', ...mode, ...reporting, ...filters],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { [RUN_VARIABLE]: run, [FAULTS_VARIABLE]: faults },
      reject: false,
      timeout: TIME_LIMIT[suite] * 60_000,
    },
  )
  if (!failed) return undefined
  if (timedOut) {
    const message = `it took more than ${TIME_LIMIT[suite]} minutes`
    return { message, told: false }
  }
  return {
    message:
      exitCode === undefined
        ? (shortMessage ?? 'Vitest could not be run')
        : `Vitest ended with exit code ${exitCode}`,
    told: true,
  }
}

/** Puts down the checks that the runner made around a suite's tests. */
export async function writeChecks(suite: Suite, checks: readonly TestResult[]): Promise<void> {
  const path = reportPaths(suite).checks
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, JSON.stringify(checks, null, 2))
}

/**
 * All tests and checks of a suite that has run, as its reports have them. A report that is missing, and one
 * that tells of no test that ran, is a failed check of its own.
 */
export async function suiteResults(suite: Suite): Promise<TestResult[]> {
  const { tests, checks } = reportPaths(suite)
  const told = await readReport(tests).catch((error: Error) => [broken(suite, error)])
  const ran = told.some(({ outcome }) => outcome !== 'skipped')
  const made = await readFile(checks, 'utf8').then(
    (text) => JSON.parse(text) as TestResult[],
    (error: Error) => [broken(suite, error)],
  )
  return [...told, ...made, ...(ran ? [] : [idle(suite)])]
}

function broken(suite: Suite, error: Error): TestResult {
  return { name: `the ${suite} suite reports`, outcome: 'failed', message: error.message }
}

function idle(suite: Suite): TestResult {
  return { name: `the ${suite} suite runs tests`, outcome: 'failed', message: 'no test was run' }
}
