import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { TestResult } from '../run/report.ts'
import { failUnlistedSkips, listedSkips } from '../run/skips.ts'

const markdown = `# Tests

| not | this |
|---|---|
| \`a table elsewhere\` | has no say |

## Tests that may be skipped

Some words.

| Test | Reason |
|---|---|
| \`crun: kills\` | no crun on Debian 12 |
| \`without a reason\` | |

## After

| \`another\` | table |
|---|---|
| \`also elsewhere\` | has no say |
`

const results: TestResult[] = [
  { name: 'crun: kills', outcome: 'skipped' },
  { name: 'runc: kills', outcome: 'skipped' },
  { name: 'runc: starts', outcome: 'passed' },
]

describe('the table of tests that may be skipped', () => {
  it('is read from its own section alone, and a row needs a reason', () => {
    expect([...listedSkips(markdown)]).toEqual([['crun: kills', 'no crun on Debian 12']])
  })

  it('is in docs/testing.md', async () => {
    const text = await readFile('docs/testing.md', 'utf8')
    expect(text).toContain('\n## Tests that may be skipped\n')
    expect(text).toContain('\n| Test | Reason |\n|---|---|\n')
  })
})

describe('where a skip must be listed', () => {
  it('one that is listed stays a skip, another fails, the rest is left alone', () => {
    expect(failUnlistedSkips(results, listedSkips(markdown)).map(({ outcome }) => outcome)).toEqual([
      'skipped',
      'failed',
      'passed',
    ])
  })
})
