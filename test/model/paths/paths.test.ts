import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { container } from './container.ts'
import { coverageOf } from './coverage.ts'
import type { Description } from './description.ts'
import { exec } from './exec.ts'
import { health } from './health.ts'
import { restart } from './restart.ts'
import { walk } from './walk.ts'

const CHARTS: Record<string, Description> = { container, exec, health, restart }

test.each(Object.entries(CHARTS))(
  'every transition of the %s chart is taken, from every state that has it',
  async (name, description) => {
    const { missing, needless, line, reasons } = coverageOf(name, description, await walk(description))
    const leftOut = [...reasons].map(([reason, cells]) => `\n  left out: ${cells.join(', ')}: ${reason}`)
    console.log(line + leftOut.join(''))
    expect(missing).toEqual([])
    expect(needless).toEqual([])
  },
)

test('a transition that no path can take is named', async () => {
  const machine = createMachine({
    initial: 'shut',
    states: {
      shut: { on: { open: 'ajar', knock: { guard: () => false, target: 'ajar' } } },
      ajar: { always: { guard: () => false, target: 'shut' }, on: { shut: 'shut' } },
    },
  })
  const events = () => ['open', 'shut', 'knock'].map((type) => ({ type }))
  const door: Description = { machine, starts: [{ input: undefined }], events, outputs: {} }
  const { missing, line } = coverageOf('door', door, await walk(door))
  expect(missing).toEqual(['shut: knock → ajar', 'ajar: always → shut', 'shut × knock'])
  expect(line).toContain('edges 2 of 4')
})
