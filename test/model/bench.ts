import type { Container, Engine, EngineEvent } from '../../src/index.ts'

/** Where the suite is run: an engine, real or simulated, and what its commands need of the world. */
export interface Bench {
  readonly engine: Engine
  /** A container whose process takes SIGTERM, and ends with 0. */
  create(name: string): Promise<Container>
  /** Resolves once the process of a container that was started takes signals. */
  ready(container: Container): Promise<void>
  /** Has the process of a container end by itself with that code. */
  exit(container: Container, code: ExitCode): void
  /** Kills the process of a container from outside, whatever the engine is at; nothing where there is none. */
  die(container: Container): void
  /** Lets so many moments of its own pass, each too short for an effect to end in. */
  pass(moments: number): Promise<void>
}

/** What a process can be told to end with. */
export type ExitCode = 3 | 4

/** Resolves once that is true of what has been committed. */
export async function until(engine: Engine, isTrue: () => boolean): Promise<void> {
  if (isTrue()) return
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!isTrue()) return
      subscription.unsubscribe()
      resolve()
    }
    const subscription = engine.events.subscribe(look)
    look()
  })
}

const RESTING = ['configured', 'created', 'running', 'paused', 'exited', 'removed']

export const rests = ({ state }: Container): boolean => RESTING.includes(state)

/** Throws unless what the stream and the records tell of the containers is one whole story. */
export function assertHistory(engine: Engine, since: number, containers: readonly Container[]): void {
  const events = [...engine.events.past(since)]
  events.forEach(({ seq }, index) => {
    claim(seq === since + 1 + index, `event ${since + 1 + index} has the number ${seq}`)
  })
  for (const container of containers) assertStory(engine, container, events)
}

function assertStory(engine: Engine, container: Container, all: readonly EngineEvent[]): void {
  let [state, generation] = [null as string | null, 0]
  const ended: number[] = []
  for (const event of all) {
    if (event.type !== 'state' || event.containerId !== container.id) continue
    claim(event.from === state, `${event.from} → ${event.to} follows ${state}`)
    claim(
      event.generation - generation === (event.to === 'creating' ? 1 : 0),
      `${event.to} of run ${event.generation} follows run ${generation}`,
    )
    if (event.to === 'stopped') ended.push(event.generation)
    state = event.to
    generation = event.generation
  }
  claim(state === container.state, `it is ${container.state}, and was told to be ${state}`)
  claim(
    generation === container.generation,
    `its run is ${container.generation}, and was told to be ${generation}`,
  )
  const runs = Array.from({ length: generation }, (_, index) => index + 1)
  const isOver = ['exited', 'removed'].includes(container.state)
  const over = isOver ? runs : runs.slice(0, -1)
  claim(String(ended) === String(over), `runs ${over} are over, and the ends of ${ended} were told`)
  for (const run of over) {
    const record = engine.exitRecord(container.id, run)
    claim(record.generation === run && record.name === container.name, `the record of run ${run} is its own`)
  }
}

export function claim(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Error(`not true: ${what}`)
}
