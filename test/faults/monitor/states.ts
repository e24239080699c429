import type { Container, ContainerState, Engine } from '../../../src/index.ts'
import type { TestPlace } from '../../fixtures/engine.ts'
import { DEAF, type Gate, gate, heard, running } from './lost.ts'

/** A container at rest, or on its way and the command that sent it there. */
export interface Held {
  container: Container
  asked?: Promise<unknown>
}

/** How a container is brought into a state and held there. */
export interface Situation {
  /** As the table of faults has it. */
  name: string
  state: ContainerState
  /** The verb of the runtime at which it stands still. */
  at?: [verb: string, when: 'before' | 'after']
  into: (place: TestPlace, engine: Engine) => Promise<Held>
  /** What that command comes to where the container is ended meanwhile; it does what it was asked where left out. */
  fails?: string
}

const paused = async (place: TestPlace, engine: Engine): Promise<Container> => {
  const container = await running(place, engine)
  await container.pause()
  return container
}

const starting = async (place: TestPlace, engine: Engine): Promise<Held> => {
  const container = await place.sh(engine, 'trap "exit 5" TERM; while :; do sleep 0.05; done')
  return { container, asked: container.start() }
}

const pausing = async (place: TestPlace, engine: Engine): Promise<Held> => {
  const container = await running(place, engine)
  return { container, asked: container.pause() }
}

/** Every state in which a container has a process, a conmon, and a chart that hears of both. */
export const SITUATIONS: Situation[] = [
  {
    name: 'created',
    state: 'created',
    into: async (place, engine) => ({ container: await place.sh(engine, 'exit 4') }),
  },
  { name: 'starting, not begun', state: 'starting', at: ['start', 'before'], into: starting },
  { name: 'starting, done', state: 'starting', at: ['start', 'after'], into: starting },
  {
    name: 'running',
    state: 'running',
    into: async (place, engine) => ({ container: await running(place, engine) }),
  },
  {
    name: 'pausing, not begun',
    state: 'pausing',
    at: ['pause', 'before'],
    into: pausing,
    fails: 'EOVERTAKEN',
  },
  { name: 'pausing, done', state: 'pausing', at: ['pause', 'after'], into: pausing, fails: 'EOVERTAKEN' },
  {
    name: 'paused',
    state: 'paused',
    into: async (place, engine) => ({ container: await paused(place, engine) }),
  },
  {
    name: 'resuming',
    state: 'resuming',
    at: ['resume', 'before'],
    fails: 'EOVERTAKEN',
    into: async (place, engine) => {
      const container = await paused(place, engine)
      return { container, asked: container.resume() }
    },
  },
  {
    name: 'stopping, being thawed',
    state: 'stopping',
    at: ['resume', 'before'],
    into: async (place, engine) => {
      const container = await paused(place, engine)
      return { container, asked: container.stop() }
    },
  },
  {
    name: 'stopping, in its grace',
    state: 'stopping',
    into: async (place, engine) => {
      const container = await running(place, engine, DEAF)
      const signalled = heard(engine, container, ({ type }) => type === 'signal')
      const asked = container.stop()
      await signalled
      return { container, asked }
    },
  },
  {
    name: 'stopping, being killed',
    state: 'stopping',
    at: ['kill', 'before'],
    into: async (place, engine) => {
      const container = await running(place, engine)
      return { container, asked: container.stop({ timeout: 0 }) }
    },
  },
  {
    name: 'reconciling',
    state: 'reconciling',
    at: ['state', 'before'],
    into: async (place, engine) => {
      const container = await running(place, engine)
      return { container, asked: container.refresh() }
    },
  },
]

/** The gate of a situation, if it has one. */
export const gateOf = ({ path }: TestPlace, { at }: Situation): Gate | undefined =>
  at === undefined ? undefined : gate(path, ...at)
