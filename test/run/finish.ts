import { readFile } from 'node:fs/promises'
import { count, countLine, isGood, type TestResult } from './report.ts'
import { failUnlistedSkips, listedSkips } from './skips.ts'

/**
 * Says what was skipped and what only the runner knows to have failed, then the line that a run ends with;
 * sets the exit code.
 */
export async function finish(results: readonly TestResult[]): Promise<void> {
  const listed = listedSkips(await readFile('docs/testing.md', 'utf8').catch(() => ''))
  const judged = process.env.CI === 'true' ? failUnlistedSkips(results, listed) : [...results]
  for (const { name, outcome } of judged) {
    if (outcome === 'skipped') console.log(`skipped: ${name}${reason(listed.get(name))}`)
  }
  for (const { name, outcome, message = '' } of judged) {
    if (outcome === 'failed') console.log(`failed: ${name}: ${message.split('\n')[0]}`)
  }
  const counts = count(judged)
  console.log(countLine(counts))
  process.exitCode = isGood(counts) ? 0 : 1
}

function reason(text: string | undefined): string {
  return text === undefined ? ' (docs/testing.md does not list it)' : `: ${text}`
}
