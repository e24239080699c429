import { join } from 'node:path'
import type { Container, Engine, EngineEvent } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { type SmallDisk, smallDisk } from './small-disk.ts'

/** A script that says when its signal handler is set, and ends with 5 at SIGTERM. */
export const LONG = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'

export const PATIENT = { timeout: 20_000 }

/** A place of which one root is on a disk of its own. */
export interface FullPlace extends AsyncDisposable {
  readonly disk: SmallDisk
  readonly place: TestPlace
}

/** Makes one; `size` as mount(8) takes it. */
export async function fullPlace(onDisk: 'root' | 'runRoot', size = '2m'): Promise<FullPlace> {
  const disk = await smallDisk(size)
  const place = await testPlace({ [onDisk]: join(disk.path, onDisk === 'root' ? 'root' : 'run') })
  return {
    disk,
    place,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]()
      await disk[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when its trap is set. */
export async function running(
  engine: Engine,
  create: (engine: Engine) => Promise<Container>,
): Promise<Container> {
  const container = await create(engine)
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

export const pidOf = (container: Container): number => container.inspect().pid ?? 0

/** The states that were told of, and the types of other events. */
export const states = (events: Iterable<EngineEvent>): string[] =>
  [...events].map((event) => (event.type === 'state' ? event.to : event.type))
