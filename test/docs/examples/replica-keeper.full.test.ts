import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ReplicaKeeper, type Wish } from '../../../docs/examples/replica-keeper.ts'
import type { ContainerInfo, CreateOptions, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  engine = await place.open()
})

/** Two replicas, healthy as long as `/sick` does not name them. */
const wish = (version: string, container: CreateOptions = {}): Wish => ({
  ...{ version, replicas: 2, patience: 600 },
  container: {
    ...{ rootfs: place.rootfs, command: ['sleep', '1000'], stopTimeout: 0 },
    healthCheck: {
      command: ['sh', '-c', '[ "$(cat /sick)" != "$(hostname)" ]'],
      ...{ interval: 0.1, timeout: 60, retries: 3 },
    },
    ...container,
  },
})

const isHealthy = ({ state, health }: ContainerInfo): boolean =>
  state === 'running' && health?.status === 'healthy'

const versions = ({ replicas }: ReplicaKeeper): (string | undefined)[] =>
  replicas.map(({ labels }) => labels.version).sort()

/** Resolves with the healthy replicas once they are all there is, and as many as are wished for. */
async function settled(keeper: ReplicaKeeper, isAsExpected: (ids: string[]) => boolean): Promise<string[]> {
  await expect
    .poll(() => {
      const ids = keeper.replicas.filter(isHealthy).map(({ id }) => id)
      return keeper.replicas.length === 2 && ids.length === 2 && isAsExpected(ids)
    })
    .toBe(true)
  return keeper.replicas.map(({ id }) => id)
}

test('a replica that ends, is stopped, is removed or falls ill is there again', async () => {
  const keeper = new ReplicaKeeper(engine, 'web')
  await keeper.keep(wish('1'))
  const [one = '', two = ''] = await settled(keeper, () => true)
  const first = engine.get(one)

  process.kill(first.inspect().pid ?? 0, 'SIGKILL')
  await settled(keeper, (ids) => ids.includes(one) && first.generation === 2)

  await first.stop({ by: 'somebody' })
  await settled(keeper, (ids) => ids.includes(one) && first.generation === 3)

  await first.remove({ force: true })
  const [, third = ''] = await settled(keeper, (ids) => ids.includes(two) && !ids.includes(one))

  writeFileSync(join(place.rootfs, 'sick'), third.slice(0, 12))
  await settled(keeper, (ids) => ids.includes(two) && !ids.includes(third))
  expect(versions(keeper)).toEqual(['1', '1'])
  expect(engine.exitRecord(third)).toMatchObject({ by: 'replica keeper' })
})

test('a new version is rolled one by one: never fewer than wished for are healthy, never two too many', async () => {
  const keeper = new ReplicaKeeper(engine, 'web')
  await keeper.keep(wish('1'))
  const seen: { all: number; healthy: number }[] = []
  const watching = engine.containers.subscribe((all) => {
    seen.push({ all: all.length, healthy: all.filter(isHealthy).length })
  })
  await keeper.keep(wish('2'))
  watching.unsubscribe()
  expect(versions(keeper)).toEqual(['2', '2'])
  expect(Math.min(...seen.map(({ healthy }) => healthy))).toBe(2)
  expect(Math.max(...seen.map(({ all }) => all))).toBe(3)
})

test.each([
  ['ends at once', { command: ['false'] }, 600],
  ['never becomes healthy', { healthCheck: { command: ['false'], interval: 0.1 } }, 2],
])('a new version that %s is taken away again, and the old one stays', async (_, container, patience) => {
  const keeper = new ReplicaKeeper(engine, 'web')
  await keeper.keep(wish('1'))
  const before = await settled(keeper, () => true)
  const code = patience === 2 ? 'EWAITTIMEOUT' : 'EOVERTAKEN'
  await expect(keeper.keep({ ...wish('2', container), patience })).rejects.toMatchObject({ code })
  expect(await settled(keeper, () => true)).toEqual(before)
  expect(versions(keeper)).toEqual(['1', '1'])
})

test('the next keeper goes on with the replicas that are there, and keeps as many as it is told', async () => {
  const before = new ReplicaKeeper(engine, 'web')
  await before.keep(wish('1'))
  const ids = await settled(before, () => true)
  await engine.close()

  engine = await place.open()
  const keeper = new ReplicaKeeper(engine, 'web')
  await keeper.keep(wish('1'))
  expect(await settled(keeper, () => true)).toEqual(ids)
  await keeper.keep({ ...wish('1'), replicas: 1 })
  expect(keeper.replicas.map(({ id }) => id)).toEqual(ids.slice(0, 1))
  await keeper.keep({ ...wish('1'), replicas: 0 })
  expect(place.leftovers()).toEqual([])
})

test('run again as a program with a new version it rolls what the last program left', async () => {
  await engine.close()
  await runUntil('2 replicas of blue')
  await runUntil('2 replicas of green')
  engine = await place.open()
  const kept = engine.containers.value.map(({ state, key }) => [state, key])
  expect(kept.sort()).toEqual([
    ['running', 'app/0/green'],
    ['running', 'app/1/green'],
  ])
})

/** Runs the program until it says that, and ends it. */
async function runUntil(line: string): Promise<void> {
  const program = join(import.meta.dirname, '../../../docs/examples/replica-keeper.ts')
  const [replicas = '', , , version = ''] = line.split(' ')
  const polite = ['sh', '-c', `trap 'exit 0' TERM; while :; do sleep 0.1; done`]
  const words = [program, place.path, place.rootfs, version, replicas, ...polite]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  expect(String(said)).toBe(`${line}\n`)
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
}
