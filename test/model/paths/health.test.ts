import { expect, test } from 'vitest'
import { type HealthContext, type HealthInput, healthMachine } from '../../../machines/index.ts'
import { CHECK, EVENTS, FAILED, PASSED } from '../../machines/health/held.ts'
import { coverageOf, told } from './coverage.ts'
import { type Description, opened } from './description.ts'
import { walk } from './walk.ts'

const input = (check: HealthInput['check']): HealthInput => ({
  id: 'c1',
  generation: 2,
  check: { ...CHECK, retries: 2, ...check },
})

/** One that retries were added to since it was found to be unhealthy still has some that may fail. */
const known = (state: 'healthy' | 'unhealthy'): HealthInput => ({
  ...input({}),
  known: { state, failingStreak: 0, results: [] },
})

const chart: Description = {
  machine: healthMachine,
  starts: [
    // A start period that is over before the first probe.
    { input: input({ startPeriodMs: CHECK.intervalMs / 2 }) },
    // One that ends while the first probe runs.
    { input: input({ startPeriodMs: CHECK.intervalMs + CHECK.timeoutMs / 2 }) },
    opened(known('healthy')),
    { input: known('unhealthy'), goesOn: (snapshot) => snapshot.matches('unhealthy') },
  ],
  events: () => Object.values(EVENTS),
  outputs: { probe: [PASSED, FAILED] },
  memory: ({ inStartPeriod, probeCounts, failingStreak }: HealthContext) => [
    inStartPeriod,
    probeCounts,
    Math.min(failingStreak, 2),
  ],
  runs: (delay, { inStartPeriod }: HealthContext) => delay !== 'startPeriod' || inStartPeriod,
}

test('every transition of the health chart is taken, from every state that has it', async () => {
  expect(told('health', coverageOf(chart, await walk(chart)))).toEqual({ missing: [], needless: [] })
})
