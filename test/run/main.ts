/**
 * Runs a suite, then looks for what it left behind, and ends with a line that counts the tests.
 *
 *     node test/run/main.ts fast|full [PART-OF-A-FILE-NAME…]
 */
import { randomBytes } from 'node:crypto'
import { faultTable, readFaults } from '../faults/table.ts'
import { finish } from './finish.ts'
import { lastingLeftovers } from './leftovers.ts'
import { takePicture } from './picture.ts'
import type { TestResult } from './report.ts'
import { faultsPath, isSuite, runVitest, type Suite, suiteResults, writeChecks } from './suite.ts'

const [suite, ...filters] = process.argv.slice(2)
if (isSuite(suite)) {
  await main(suite, filters)
} else {
  console.error('usage: node test/run/main.ts fast|full [PART-OF-A-FILE-NAME…]')
  process.exitCode = 2
}

async function main(suite: Suite, filters: readonly string[]): Promise<void> {
  const run = randomBytes(4).toString('hex')
  const before = await takePicture(run)
  const failure = await runVitest(suite, run, filters)
  const leftovers = await lastingLeftovers(before, () => takePicture(run))
  for (const leftover of leftovers) console.log(`left behind: ${leftover}`)
  await writeChecks(suite, [leftoverCheck(suite, leftovers)])
  const faults = await readFaults(faultsPath(suite))
  if (faults.length > 0) console.log(`\n${faultTable(faults)}\n`)
  const told =
    failure?.told === true && (await suiteResults(suite)).some(({ outcome }) => outcome === 'failed')
  if (failure !== undefined && !told) {
    await writeChecks(suite, [leftoverCheck(suite, leftovers), endCheck(suite, failure.message)])
  }
  await finish(await suiteResults(suite))
}

function leftoverCheck(suite: Suite, leftovers: readonly string[]): TestResult {
  const name = `the ${suite} suite leaves nothing behind`
  if (leftovers.length === 0) return { name, outcome: 'passed' }
  return { name, outcome: 'failed', message: `${leftovers.length} things` }
}

/** Vitest fails without a failed test where an error was thrown that nobody caught. */
function endCheck(suite: Suite, message: string): TestResult {
  return { name: `the ${suite} suite ends well`, outcome: 'failed', message }
}
