import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { install, whyNoApt } from '../fixtures/debian.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { readReport, type TestResult } from '../run/report.ts'

const PROJECT = join(import.meta.dirname, '../..')

/** The tests that run real containers; they take their runtime from the environment. */
const FILES = [
  'test/engine/life.test.ts',
  'test/engine/recovery.test.ts',
  'test/engine/bad-input.test.ts',
  'test/engine/kill.test.ts',
  'test/engine/status.test.ts',
  'test/engine/exec.test.ts',
  'test/engine/attach/attach.test.ts',
  'test/engine/creation/options.test.ts',
  'test/engine/creation/ports.test.ts',
  'test/effects/conmon/create.test.ts',
  'test/effects/conmon/lifeline.test.ts',
  'test/effects/exec/attached.test.ts',
  'test/effects/exec/detached.test.ts',
  'test/effects/attach/connection.test.ts',
  'test/effects/runtime/runtime.test.ts',
]

const IN_ITS_MOUNTS = join(PROJECT, 'test/bench/crun-mounts.sh')

/** Runs the files with crun, in a mount namespace of their own. */
async function runWithCrun(): Promise<TestResult[]> {
  await install({ crun: 'crun', unshare: 'util-linux' })
  await using directory = await temporaryDirectory()
  const report = join(directory.path, 'report.json')
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--reporter=json', '--no-color']
  const run = await execa('sh', [IN_ITS_MOUNTS, ...vitest, `--outputFile=${report}`, ...FILES], {
    cwd: PROJECT,
    env: { RUNCHART_TEST_RUNTIME: 'crun' },
    stdin: 'ignore',
    reject: false,
    timeout: 600_000,
    all: true,
  })
  return readReport(report).catch(() => [
    { name: 'the tests run', outcome: 'failed', message: run.all ?? run.shortMessage },
  ])
}

const reason = await whyNoApt()
const outcomes = reason === undefined ? await runWithCrun() : []

describe('with crun', () => {
  test('the files of real containers are run', ({ skip }) => {
    if (reason !== undefined) skip(reason)
    expect(FILES.filter((file) => !existsSync(join(PROJECT, file)))).toEqual([])
    expect(outcomes.length).toBeGreaterThan(FILES.length)
  })

  // Each test of theirs is one of this file's, so that each counts.
  test.for(outcomes)('$name', ({ outcome, message }, { skip }) => {
    if (outcome === 'skipped') skip('skipped there')
    expect({ outcome, message }).toEqual({ outcome: 'passed' })
  })
})
