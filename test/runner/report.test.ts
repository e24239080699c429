import { describe, expect, it } from 'vitest'
import { count, countLine, isGood, parseReport } from '../run/report.ts'

function report(...statuses: string[]) {
  const assertionResults = statuses.map((status, index) => ({ fullName: `test ${index}`, status }))
  return { testResults: [{ name: '/a.test.ts', status: 'passed', assertionResults }] }
}

describe('a report', () => {
  it('counts tests that passed, failed and did not run', () => {
    const results = parseReport(report('passed', 'passed', 'failed', 'pending', 'skipped', 'todo'))
    expect(count(results)).toEqual({ passed: 2, failed: 1, skipped: 3 })
  })

  it('counts a file that could not be run as a failed test', () => {
    const broken = { name: '/b.test.ts', status: 'failed', message: 'no such import', assertionResults: [] }
    expect(parseReport({ testResults: [broken] })).toEqual([
      { name: '/b.test.ts', outcome: 'failed', message: 'no such import' },
    ])
  })

  it('counts a file with a failed test in it once', () => {
    const { testResults } = report('failed')
    expect(
      parseReport({ testResults: testResults.map((file) => ({ ...file, status: 'failed' })) }),
    ).toHaveLength(1)
  })

  it('ends with a line of its counts', () => {
    expect(countLine({ passed: 3, failed: 0, skipped: 1 })).toBe('3 passed, 0 failed, 1 skipped')
  })

  it('is good where nothing failed and something passed', () => {
    expect(isGood({ passed: 1, failed: 0, skipped: 5 })).toBe(true)
    expect(isGood({ passed: 9, failed: 1, skipped: 0 })).toBe(false)
    expect(isGood({ passed: 0, failed: 0, skipped: 5 })).toBe(false)
  })
})
