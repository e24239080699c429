import { expect, test } from 'vitest'
import {
  type KnownRestarts,
  RESTART_STATES,
  type RestartContext,
  type RestartEvent,
  type RestartInput,
  type RestartPolicyName,
  restartMachine,
} from '../../../machines/index.ts'
import { policy } from '../../machines/restart/held.ts'
import { coverageOf, told } from './coverage.ts'
import { type Description, opened } from './description.ts'
import { walk } from './walk.ts'

const input = (name: RestartPolicyName, known?: KnownRestarts): RestartInput => ({
  ...{ id: 'c1', policy: policy(name, 1), random: () => 0 },
  known,
})

const knownAs = (state: KnownRestarts['state'], afterRestart = false): KnownRestarts => ({
  ...{ state, generation: 4, attempt: 1, restarts: 1 },
  afterRestart,
})

/** An exit of the newest run, of the next one, and of the one before. */
const exits = (generation: number): RestartEvent[] =>
  [generation - 1, generation, generation + 1].flatMap((of) => [
    { type: 'container.exited', generation: of, code: 0, cause: 'exited' },
    { type: 'container.exited', generation: of, code: 1, cause: 'exited' },
    { type: 'container.exited', generation: of, code: 143, cause: 'stopped-by-user' },
  ])

const chart: Description = {
  machine: restartMachine,
  starts: [
    { input: input('on-failure'), goesOn: ({ context }) => context.generation < 3 },
    ...RESTART_STATES.map((state) => opened(input('on-failure', knownAs(state)))),
    opened(input('always', knownAs('stopped-by-user', true))),
  ],
  events: ({ generation }: RestartContext) => [
    { type: 'start.asked' },
    { type: 'stop.asked' },
    { type: 'container.started', generation: generation + 1 },
    ...exits(generation),
    { type: 'container.removed' },
  ],
  outputs: {},
  memory: ({ restarts }: RestartContext) => restarts,
}

test('every transition of the restart chart is taken, from every state that has it', async () => {
  expect(told('restart', coverageOf(chart, await walk(chart)))).toEqual({ missing: [], needless: [] })
})
