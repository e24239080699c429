import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { execa } from 'execa'
import { type Logger, pino } from 'pino'
import { expect } from 'vitest'
import type { Container, Engine, EngineEvent } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { isWatched } from './inotify.ts'

/** An engine with real containers, each of which exits with a code of its own when it is told to. */
export interface Scene extends AsyncDisposable {
  readonly place: TestPlace
  readonly engine: Engine
  readonly runRoot: string
  readonly exits: string
  /** By their codes, 1 and up. */
  readonly containers: readonly Container[]
  /** What the engine logged. */
  readonly log: Record<string, unknown>[]
  /** Everything that has happened so far. */
  events(): EngineEvent[]
  /** What was told of the watch so far. */
  reports(): EngineEvent[]
  /** Resolves once that many have been told. */
  reported(type: 'watch.degraded' | 'watch.restored', times?: number): Promise<void>
}

/**
 * Resolves when all containers run and exits are watched.
 *
 * @param inMemory whether all that it writes is in memory, as /run is, where other tests do not keep a disk busy
 */
export async function openScene(count: number, { inMemory = false } = {}): Promise<Scene> {
  const place = await testPlace()
  const memory = inMemory ? await tmpfs() : undefined
  const log: Record<string, unknown>[] = []
  const { root, runRoot } =
    memory === undefined ? place : { root: join(memory.path, 'root'), runRoot: join(memory.path, 'run') }
  const engine = await place.open({ root, runRoot, logger: logTo(log) })
  const exits = join(runRoot, 'exits')
  const containers: Container[] = []
  for (let code = 1; code <= count; code += 1) containers.push(await runningUntilTold(place, engine, code))
  await expect.poll(() => isWatched(exits)).toBe(true)
  const events = (): EngineEvent[] => [...engine.events.past(0)]
  const reports = (): EngineEvent[] => events().filter(({ containerId }) => containerId === null)
  return {
    ...{ place, engine, runRoot, exits, containers, log, events, reports },
    reported: (type, times = 1) =>
      expect
        .poll(() => reports().filter((event) => event.type === type).length, { timeout: 30_000 })
        .toBe(times),
    async [Symbol.asyncDispose]() {
      for (const { id } of engine.snapshot().containers) await engine.get(id).remove({ force: true })
      await engine.close()
      await memory?.[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

/** A container that exits with `code` at SIGTERM, and is ready for it. */
export async function runningUntilTold(place: TestPlace, engine: Engine, code: number): Promise<Container> {
  const container = await place.sh(
    engine,
    `trap "exit ${code}" TERM; echo ready; while :; do sleep 0.05; done`,
  )
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

/** Its process on the host. */
export const pidOf = (container: Container): number => container.inspect().pid ?? 0

/** Tells it to exit, without the engine's doing. */
export const tellToExit = (container: Container): void => void process.kill(pidOf(container), 'SIGTERM')

/** The states that it went to, in order. */
export const statesOf = (events: readonly EngineEvent[], { id }: Container): string[] =>
  events.flatMap((event) => (event.type === 'state' && event.containerId === id ? [event.to] : []))

/** A directory in memory, unmounted when it is disposed of. */
async function tmpfs(): Promise<AsyncDisposable & { path: string }> {
  const directory = await temporaryDirectory()
  const path = join(directory.path, 'memory')
  await mkdir(path)
  await execa('mount', ['-t', 'tmpfs', 'tmpfs', path])
  return {
    path,
    async [Symbol.asyncDispose]() {
      await execa('umount', [path])
      await directory[Symbol.asyncDispose]()
    },
  }
}

function logTo(lines: Record<string, unknown>[]): Logger {
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return pino({ level: 'info' }, sink)
}
