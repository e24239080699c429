import { type ContainerContext, type ContainerInput, containerMachine } from '../../../machines/index.ts'
import { CREATED, EVENTS, EVIDENCE } from '../../machines/held.ts'
import { type Description, opened } from './description.ts'

const known = (state: string): ContainerInput => ({ id: 'c1', known: { state, generation: 1, ...CREATED } })

const inStages = { ...{ type: 'stop', signal: 2, graceMs: 10_000 }, next: [{ signal: 15, graceMs: 3_000 }] }

const TAKES_A_KILL = /^(created|starting|running|pausing|paused|resuming|stopping\..*) /

export const container: Description = {
  machine: containerMachine,
  starts: [
    { input: { id: 'c1' } },
    ...['configured', 'exited', 'running'].map((state) => opened(known(state))),
    {
      input: known('running'),
      machine: containerMachine.provide({ guards: { cleansUpByItself: () => false } }),
      goesOn: (snapshot) => snapshot.matches('reconciling') || snapshot.matches({ stopped: 'recording' }),
    },
  ],
  events: ({ generation }: ContainerContext) => [
    ...Object.values(EVENTS).map((event) => event(generation)),
    inStages,
  ],
  outputs: {
    createContainer: [CREATED],
    restoreContainer: [CREATED],
    checkpointContainer: [{ leftRunning: false }, { leftRunning: true }],
    reconcile: [
      ...(['created', 'running', 'paused'] as const).map((found) => ({ found, ...CREATED })),
      { found: 'ended', evidence: EVIDENCE },
      { found: 'absent', failure: new Error('interrupted') },
      { found: 'removing' },
    ],
  },
  memory: ({ removeAsked }: ContainerContext) => removeAsked,
  leftOut: (cell) =>
    cell.endsWith('× xstate.done.actor.*') && !TAKES_A_KILL.test(cell)
      ? 'it takes no kill, and the end of one that was sent before is no matter of its own'
      : undefined,
}
