import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, type EngineOptions, openEngine } from 'runchart'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import type { Lap } from './laps.ts'
import { Floor } from './peers/floor.ts'
import type { PeerPlace } from './peers/peer.ts'

/** A place where runchart and the bare floor run the same containers with the same programs. */
export interface BenchPlace extends AsyncDisposable {
  readonly place: TestPlace
  readonly engine: Engine
  readonly floor: Floor
  /** For peers. */
  readonly peers: PeerPlace
}

/** The command of containers that live until they are ended. */
export const LASTING = ['sleep', '1000000']

/** How many are made, or removed, at the same time. */
const AT_ONCE = 8

/** Opens an engine and a floor beside it, which takes its spec from a container of the engine. */
export async function benchPlace(runtime: string): Promise<BenchPlace> {
  const place = await testPlace()
  try {
    const { root, runRoot, rootfs } = place
    const engine = await openEngine({ root, runRoot, runtime })
    const model = await engine.create({ rootfs, command: ['true'] })
    const config = join(root, 'containers', model.id, 'bundle', 'config.json')
    const spec = JSON.parse(readFileSync(config, 'utf8'))
    await model.remove({ force: true })
    const floor = new Floor({ path: join(place.path, 'floor'), runtime, spec })
    return {
      ...{ place, engine, floor, peers: { path: join(place.path, 'peers'), rootfs, spec } },
      async [Symbol.asyncDispose]() {
        await floor[Symbol.asyncDispose]()
        await engine.close()
        await place[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await place[Symbol.asyncDispose]()
    throw error
  }
}

/** One life in an engine: created, started, its exit seen, removed. */
export async function life(engine: Engine, rootfs: string, lap: Lap = () => {}): Promise<void> {
  const container = await engine.create({ rootfs, command: ['true'] })
  lap('1. created')
  await container.start()
  lap('2. started')
  await container.wait()
  lap('3. exit seen')
  await container.remove()
  lap('4. removed')
}

/** Milliseconds that the work takes. */
export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Does the work so many times, some of them at the same time. */
export async function times(count: number, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await work()
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}

/** Makes containers that live on when the engine that made them has closed. */
export async function makeLiving(
  options: EngineOptions,
  { count, rootfs, signal }: { count: number; rootfs: string; signal: AbortSignal },
): Promise<void> {
  const engine = await openEngine(options)
  try {
    await times(count, AT_ONCE, async () => {
      signal.throwIfAborted()
      await (await engine.create({ rootfs, command: LASTING })).start()
    })
  } finally {
    await engine.close()
  }
}

/** Removes every container of a root, with whatever lives in it. */
export async function removeAll(options: EngineOptions): Promise<void> {
  const engine = await openEngine(options)
  const ids = engine.snapshot().containers.map(({ id }) => id)
  await times(ids.length, AT_ONCE, async () => {
    const id = ids.pop()
    if (id !== undefined) await engine.get(id).remove({ force: true })
  })
  await engine.close()
}
