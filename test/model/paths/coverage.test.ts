import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { coverageOf } from './coverage.ts'
import type { Description } from './description.ts'
import { walk } from './walk.ts'

test('a transition that no path can take is named, and one that is left out for nothing', async () => {
  const machine = createMachine({
    initial: 'shut',
    states: {
      shut: { on: { open: 'ajar', knock: { guard: () => false, target: 'ajar' } } },
      ajar: { always: { guard: () => false, target: 'shut' }, on: { shut: 'shut' } },
    },
  })
  const door: Description = {
    machine,
    starts: [{ input: undefined }],
    events: () => ['open', 'shut', 'knock'].map((type) => ({ type })),
    outputs: {},
    leftOut: (cell) => (cell === 'shut × open' ? 'nobody opens it' : undefined),
  }
  const coverage = coverageOf(door, await walk(door))
  expect(coverage).toMatchObject({
    missing: ['shut: knock → ajar', 'ajar: always → shut', 'shut × knock'],
    needless: ['shut × open'],
    edges: [2, 4],
  })
})
