import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Container, Engine, EngineEvent } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'

const doc = readFileSync(join(import.meta.dirname, '../../docs/events.md'), 'utf8')
const section = doc.split(/^## The events$/m)[1] ?? ''
const headings = [...section.matchAll(/^### (\S+)$/gm)].map(([, type]) => type)
const examples = [...section.matchAll(/^```json\n(.*)\n```$/gm)].map(
  ([, text]) => JSON.parse(text ?? '') as EngineEvent,
)

/** A type that is added is missing here for the compiler, and then in the document for the tests. */
const TYPES: Record<EngineEvent['type'], true> = {
  state: true,
  signal: true,
  'monitor.lost': true,
  'exec.started': true,
  'exec.exited': true,
  'restart.scheduled': true,
  'restart.given-up': true,
  health: true,
  'watch.degraded': true,
  'watch.restored': true,
  dropped: true,
}

/** What there is of an event, and of which kind each thing is. */
function shape(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  if (Array.isArray(value)) return 'list'
  const parts = Object.entries(value).map(([name, part]) => [name, shape(part)] as const)
  return Object.fromEntries(parts.sort(([one], [other]) => (one < other ? -1 : 1)))
}

const shapesOf = (events: readonly EngineEvent[]): Set<string> =>
  new Set(events.map((event) => `${event.type} ${JSON.stringify(shape(event))}`))

let place: TestPlace
/** Everything that the lives below have told. */
const told: EngineEvent[] = []
beforeAll(async () => {
  place = await testPlace()
  const engine = await place.open()
  engine.events.subscribe((event) => told.push(event))
  await live(engine)
  await fail(engine)
  await loseMonitor(engine)
  await startAgain(engine)
  await beHealthy(engine)
  await loseDirectory(engine)
  await engine.close()
  const later = await place.open({ retention: { events: 1 } })
  await until(() => [...later.events.past(0)][0]?.type === 'dropped')
  told.push(...later.events.past(0))
})
afterAll(() => place[Symbol.asyncDispose]())

const OBEDIENT = 'trap "exit 5" TERM; trap : HUP; echo ready; while :; do sleep 0.02; done'

async function running(engine: Engine): Promise<Container> {
  const container = await place.sh(engine, OBEDIENT, { stopTimeout: 60 })
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

async function live(engine: Engine): Promise<void> {
  const container = await running(engine)
  await container.exec(['sleep', '0.2'])
  await container.kill('HUP')
  await container.stop({ by: 'deploy 7' })
  await until(() => container.state === 'exited')
  await container.remove()
}

async function fail(engine: Engine): Promise<void> {
  await expect(engine.create({ rootfs: place.rootfs, command: ['no-such'] })).rejects.toThrow()
}

async function loseMonitor(engine: Engine): Promise<void> {
  const container = await running(engine)
  process.kill(container.inspect().monitorPid ?? 0, 'SIGKILL')
  await container.wait()
}

async function startAgain(engine: Engine): Promise<void> {
  const backOff = { initial: 0.05 }
  const container = await place.sh(engine, 'exit 1', {
    restart: { policy: 'on-failure', maxRetries: 1, backOff },
  })
  await container.start()
  await seen('restart.given-up')
}

async function beHealthy(engine: Engine): Promise<void> {
  const container = await place.sh(engine, OBEDIENT, { healthCheck: { command: ['true'], interval: 0.1 } })
  await container.start()
  await seen('health')
  await container.remove({ force: true })
}

async function loseDirectory({ runRoot }: Engine): Promise<void> {
  rmSync(join(runRoot, 'exits'), { recursive: true })
  await seen('watch.restored')
}

const seen = (type: EngineEvent['type']): Promise<unknown> =>
  until(() => told.some((event) => event.type === type))

const until = (condition: () => boolean): Promise<unknown> => vi.waitUntil(condition, { timeout: 30_000 })

test('each type of event has a section, and no other has', () => {
  expect([...headings].sort()).toEqual(Object.keys(TYPES).sort())
})

test.for(Object.keys(TYPES))('%s is told in each of the shapes that the document shows', (type) => {
  const documented = examples.filter((example) => example.type === type)
  expect(documented).not.toEqual([])
  const real = shapesOf(told)
  for (const example of shapesOf(documented)) expect(real).toContain(example)
})

test('each field that an event has been told with is in an example of its type', () => {
  const names = (events: readonly EngineEvent[]) =>
    new Set(events.flatMap((event) => Object.keys(event).map((name) => `${event.type}.${name}`)))
  const documented = names(examples)
  expect([...names(told)].filter((name) => !documented.has(name) && name !== 'watch.degraded.hint')).toEqual(
    [],
  )
})
