import { configDefaults, defineConfig } from 'vitest/config'

const FULL = 'test/**/*.full.test.ts'

/** `vitest run --mode full` runs the long suites, and them alone. */
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'full' ? FULL : 'test/**/*.test.ts'],
    exclude: mode === 'full' ? configDefaults.exclude : [...configDefaults.exclude, FULL],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine is late, not wrong.
    expect: { poll: { timeout: 30_000 } },
  },
}))
