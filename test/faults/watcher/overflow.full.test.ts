import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { recordFault } from '../record.ts'
import { queueOf } from './inotify.ts'
import { openScene, pidOf, type Scene, statesOf } from './scene.ts'

const FILES = 20_000
const CONTAINERS = 20
const FEW = 5
const BURST = join(import.meta.dirname, 'burst.ts')
const HELD = 'every exit with its own code, each event once, both turns of the watch told'

const argumentsFor = ({ exits, containers }: Scene): string[] => [
  BURST,
  exits,
  String(FILES),
  ...containers.map((container) => `${container.id}:${pidOf(container)}`),
]

/** Milliseconds from now until the last exit was told. */
async function untilAllExited({ containers }: Scene): Promise<number> {
  const from = performance.now()
  const exits = await Promise.all(containers.map((container) => container.wait()))
  const ms = performance.now() - from
  expect(exits.map(({ code }) => code)).toEqual(containers.map((_, index) => index + 1))
  expect(new Set(exits.map(({ cause }) => cause))).toEqual(new Set(['exited']))
  return ms
}

/** Each exit once, in one unbroken sequence. */
async function expectWholeStream(scene: Scene): Promise<void> {
  await expect
    .poll(() => scene.containers.map(({ state }) => state), { timeout: 30_000 })
    .toEqual(scene.containers.map(() => 'exited'))
  const events = scene.events()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  for (const container of scene.containers) {
    const states = statesOf(events, container)
    expect(states.slice(states.indexOf('running'))).toEqual(['running', 'stopped', 'cleaning', 'exited'])
  }
}

const removedBy = ({ log }: Scene) => log.filter(({ msg }) => msg === 'exit files of no run were removed')

describe(`a burst of ${FILES} files into the exits directory, while containers exit`, () => {
  test('that overflows the kernel’s queue, since the engine was busy elsewhere', async () => {
    await using scene = await openScene(CONTAINERS, { inMemory: true })
    using queue = queueOf(scene.exits)
    // The event loop stands still until the burst is over and each container has its exit file.
    const burst = spawnSync(process.execPath, argumentsFor(scene), {
      env: { AWAIT_EXITS: 'yes' },
      encoding: 'utf8',
    })
    expect(burst).toMatchObject({ status: 0, stderr: '' })
    const { names, overflowed } = queue.drain()
    expect(overflowed).toBe(true)
    const missed = scene.containers.filter(({ id }) => !names.includes(id))
    expect(missed).toHaveLength(CONTAINERS)
    expect(scene.containers.map(({ state }) => state)).toEqual(scene.containers.map(() => 'running'))

    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const ms = await untilAllExited(scene)
    await scene.reported('watch.restored')
    delay.disable()
    console.log(
      `overflow: all ${CONTAINERS} exits known after ${ms.toFixed(0)} ms; longest pause of the event loop ${(delay.max / 1e6).toFixed(0)} ms`,
    )
    await expectWholeStream(scene)
    expect(scene.reports()).toMatchObject([
      { type: 'watch.degraded', reason: expect.stringContaining('more happened at once') },
      { type: 'watch.restored' },
    ])
    expect(readdirSync(scene.exits)).toEqual([])
    // One line for all of them.
    expect(removedBy(scene)).toMatchObject([{ count: FILES }])
    recordFault('inotify queue overflowed by 20,000 files', HELD)
  })

  test('that comes while the engine is at work', async () => {
    await using scene = await openScene(FEW, { inMemory: true })
    const burst = spawn(process.execPath, argumentsFor(scene), { stdio: ['ignore', 'ignore', 'inherit'] })
    const over = once(burst, 'exit')
    const exited = untilAllExited(scene)
    expect((await over)[0]).toBe(0)
    await exited
    await expectWholeStream(scene)
    await expect.poll(() => readdirSync(scene.exits), { timeout: 30_000 }).toEqual([])
    await expect
      .poll(() => scene.reports().at(-1)?.type ?? 'watch.restored', { timeout: 30_000 })
      .toBe('watch.restored')
    const removals = removedBy(scene)
    console.log(
      `burst: ${removals.length} lines of the log, ${scene.reports().length} events of the watch, for ${FILES} files`,
    )
    expect(removals.length).toBeLessThan(FILES / 20)
    recordFault('20,000 files of strangers among the exits', 'every exit with its own code, each event once')
  })
})
