import { resolve } from 'node:path'
import { execa } from 'execa'
import type { Mutant } from './mutants.ts'

const CONFIG = 'test/model/mutation/vitest.config.ts'
/** A mutant may send a chart around for ever. */
const LIMIT_MS = 60_000

const EVERY_CHART = 'test/machines/every-chart.test.ts'

/** The tests of each chart, and those that take longer. */
const TESTS: Record<string, string[]> = {
  'machines/container.ts': [
    ...['container', 'checkpoint', 'container-table', 'takes'].map((name) => `test/machines/${name}.test.ts`),
    'test/machines/container/',
    'test/model/paths/container.test.ts',
  ],
  'machines/exec.ts': ['test/machines/exec', 'test/model/paths/exec.test.ts'],
  'machines/health.ts': ['test/machines/health/', 'test/model/paths/health.test.ts'],
  'machines/restart.ts': ['test/machines/restart/', 'test/model/paths/restart.test.ts'],
  'machines/shared.ts': ['test/machines/', 'test/model/paths/'],
}

/** Whether a test fails on the mutant. */
export async function isNoticed(mutant: Mutant): Promise<boolean> {
  return await fails(mutant, [...(TESTS[mutant.file] ?? []), EVERY_CHART])
}

async function fails(mutant: Mutant, tests: readonly string[]): Promise<boolean> {
  const vitest = resolve('node_modules/vitest/vitest.mjs')
  const { failed } = await execa(process.execPath, [vitest, 'run', '--config', CONFIG, ...tests], {
    reject: false,
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    env: { RUNCHART_MUTANT: JSON.stringify(mutant), NODE_OPTIONS: '--max-old-space-size=1024' },
  })
  return failed
}
