import type { TestResult } from './report.ts'

/** The heading in docs/testing.md that the table stands under. */
const HEADING = '## Tests that may be skipped'

/**
 * The tests that may be skipped everywhere, with their reasons: the rows `| name | reason |` under the heading
 * in docs/testing.md. A row without a reason does not count.
 */
export function listedSkips(markdown: string): Map<string, string> {
  const [, section = ''] = markdown.split(`${HEADING}\n`)
  const [table = ''] = section.split('\n## ')
  const rows = table.split('\n').filter((line) => line.startsWith('|'))
  // The first two rows are the head and the line below it.
  const cells = rows.slice(2).map((row) => row.split('|').map((cell) => cell.trim()))
  return new Map(
    cells.flatMap(([, name = '', reason = '']) =>
      name === '' || reason === '' ? [] : [[name.replaceAll('`', ''), reason] as const],
    ),
  )
}

/** Turns each skipped test that is not listed into a failed one, as continuous integration wants it. */
export function failUnlistedSkips(
  results: readonly TestResult[],
  listed: ReadonlyMap<string, string>,
): TestResult[] {
  return results.map((result) =>
    result.outcome === 'skipped' && !listed.has(result.name)
      ? { ...result, outcome: 'failed', message: 'it was skipped, and docs/testing.md does not list it' }
      : result,
  )
}
