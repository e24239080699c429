import { expect, test } from 'vitest'
import { execMachine } from '../../../machines/index.ts'
import { EXEC_EVENTS, PROCESS } from '../../machines/held-exec.ts'
import { coverageOf, told } from './coverage.ts'
import type { Description } from './description.ts'
import { walk } from './walk.ts'

const session = { id: 's1', containerId: 'c1' }

const TAKES_A_KILL = /^(running|stopping\..*) /

const chart: Description = {
  machine: execMachine,
  starts: [{ input: session }, { input: { ...session, known: { process: PROCESS } } }],
  events: () => Object.values(EXEC_EVENTS),
  outputs: {
    startSession: [{ process: PROCESS }],
    findSession: [
      { found: 'running', process: PROCESS },
      { found: 'unwatched', process: PROCESS },
      { found: 'ended', code: 3 },
    ],
  },
  leftOut: (cell) =>
    cell.endsWith('× xstate.done.actor.*') && !TAKES_A_KILL.test(cell)
      ? 'it takes no kill, and the end of one that was sent before is no matter of its own'
      : undefined,
}

test('every transition of the exec chart is taken, from every state that has it', async () => {
  expect(told('exec', coverageOf(chart, await walk(chart)))).toEqual({ missing: [], needless: [] })
})
