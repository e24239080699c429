import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readHierarchies } from '../../../effects/cgroup/hierarchies.ts'
import type { Container, Engine, EngineEvent } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
})
afterAll(() => place[Symbol.asyncDispose]())

/** Says when its trap stands; ends at SIGTERM with 5. */
const OBEDIENT = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'

async function running(script: string): Promise<Container> {
  const container = await place.sh(engine, script, { stopTimeout: 600 })
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  onTestFinished(async () => {
    if (container.state !== 'removed') await container.remove({ force: true })
  })
  return container
}

const own = (container: Container, type: EngineEvent['type']): EngineEvent[] =>
  [...engine.events.past(0)].filter((event) => event.containerId === container.id && event.type === type)

describe('who asked', () => {
  test('for a stop: in the record, in the transition and in the signal', async () => {
    const container = await running(OBEDIENT)
    expect(await container.stop({ by: 'deploy 7' })).toMatchObject({
      code: 5,
      cause: 'stopped-by-user',
      by: 'deploy 7',
    })
    expect(own(container, 'signal')).toMatchObject([{ signal: 'SIGTERM', by: 'deploy 7' }])
    expect(own(container, 'state')).toContainEqual(
      expect.objectContaining({ to: 'stopping', by: 'deploy 7' }),
    )
    expect(container.inspect().exit).toMatchObject({ by: 'deploy 7' })
  })

  test('first counts, and whoever asks again changes nothing', async () => {
    const container = await running('trap "" TERM; echo ready; while :; do sleep 0.02; done')
    const first = container.stop({ by: 'one' })
    const second = container.stop({ by: 'two', timeout: 0 })
    expect(await first).toMatchObject({ code: 137, by: 'one' })
    expect(await second).toMatchObject({ by: 'one' })
  })

  test('for a kill counts where that signal ended the run, and not where the run went on', async () => {
    const container = await running('trap : HUP; echo ready; while :; do sleep 0.02; done')
    await container.kill('HUP', { by: 'reload' })
    await container.kill('KILL', { by: 'watchdog' })
    expect(await container.wait()).toMatchObject({ cause: 'signalled', signal: 'SIGKILL', by: 'watchdog' })
    expect(own(container, 'signal')).toMatchObject([{ by: 'reload' }, { by: 'watchdog' }])
    const again = await running('trap "exit 0" HUP; echo ready; while :; do sleep 0.02; done')
    await again.kill('HUP', { by: 'reload' })
    expect(await again.wait()).toMatchObject({ cause: 'exited', code: 0, by: null })
  })

  test('for a removal that ends a run', async () => {
    const container = await running(OBEDIENT)
    await container.remove({ force: true, by: 'janitor' })
    expect(engine.exitRecord(container.id)).toMatchObject({ cause: 'stopped-by-user', by: 'janitor' })
    expect(own(container, 'state')).toContainEqual(expect.objectContaining({ to: 'removing', by: 'janitor' }))
  })

  test('is null where nobody did, where nobody said, and in the next run', async () => {
    const container = await running(OBEDIENT)
    expect(await container.stop()).toMatchObject({ by: null })
    await container.start()
    expect(await container.stop({ by: 'deploy 8', timeout: 0 })).toMatchObject({
      generation: 2,
      by: 'deploy 8',
    })
    await container.start()
    expect(await container.stop({ timeout: 0 })).toMatchObject({ generation: 3, by: null })
  })

  test('is one line, or the command is refused and nothing happens', async () => {
    const container = await running(OBEDIENT)
    for (const by of ['', 'two\nlines', 'x'.repeat(257), 7 as unknown as string]) {
      await expect(container.stop({ by })).rejects.toMatchObject({ code: 'EINPUT' })
      await expect(container.kill('KILL', { by })).rejects.toMatchObject({ code: 'EINPUT' })
      await expect(container.remove({ force: true, by })).rejects.toMatchObject({ code: 'EINPUT' })
    }
    expect(container.state).toBe('running')
  })
})

describe('what a run has used', () => {
  test('is its CPU time and its peak of memory, of that run alone', async () => {
    // Counts for a while, and has 24 MiB at once.
    const busy = `
      dd if=/dev/zero of=/dev/null bs=24M count=8 2>/dev/null
      i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`
    const container = await place.sh(engine, `if [ -e /tmp/quiet ]; then exit 0; fi; ${busy}`)
    onTestFinished(() => {
      rmSync(join(place.rootfs, 'tmp/quiet'), { force: true })
      return container.remove({ force: true })
    })
    await container.start()
    const first = await container.wait()
    expect(first.cpuMs).toBeGreaterThan(50)
    expect(first.memoryPeak).toBeGreaterThan(24 * 1024 ** 2)
    writeFileSync(join(place.rootfs, 'tmp/quiet'), '')
    await container.start()
    const second = await container.wait()
    expect(second.cpuMs).toBeLessThan(first.cpuMs ?? 0)
    expect(second.memoryPeak).toBeLessThan(24 * 1024 ** 2)
    await expect.poll(() => container.state).toBe('exited')
    expect(engine.exitRecord(container.id, 1)).toEqual(first)
    expect(container.inspect().exit).toEqual(second)
  })

  test('is read before the runtime removes the cgroup, which it does', async () => {
    const container = await running(OBEDIENT)
    const cgroups = () =>
      readHierarchies().filter(({ mountPoint }) => existsSync(join(mountPoint, `runchart-${container.id}`)))
    expect(cgroups().length).toBeGreaterThan(0)
    const { cpuMs, memoryPeak } = await container.stop()
    expect([cpuMs, memoryPeak]).toEqual([expect.any(Number), expect.any(Number)])
    await expect.poll(() => container.state).toBe('exited')
    expect(cgroups()).toEqual([])
  })

  test('and who asked are known to the next engine, which sees the exit', async () => {
    const elsewhere = await testPlace()
    onTestFinished(() => elsewhere[Symbol.asyncDispose]())
    const first = await elsewhere.open()
    const script = 'trap "" TERM; echo ready; while [ ! -e /tmp/end ]; do sleep 0.02; done; exit 9'
    const container = await elsewhere.sh(first, script, { stopTimeout: 600 })
    await container.start()
    for await (const _ of container.logs({ follow: true })) break
    const cut = container.stop({ by: 'deploy 9' })
    cut.catch(() => {})
    await expect.poll(() => container.state).toBe('stopping')
    await first.close({ timeout: 0 })
    writeFileSync(join(elsewhere.rootfs, 'tmp/end'), '')
    const second = await elsewhere.open()
    expect(await second.wait(container.id)).toMatchObject({
      code: 9,
      cause: 'stopped-by-user',
      by: 'deploy 9',
      cpuMs: expect.any(Number),
      memoryPeak: expect.any(Number),
    })
  })

  test('is known of a run whose conmon was killed, which the engine ends', async () => {
    const container = await running(OBEDIENT)
    process.kill(container.inspect().monitorPid ?? 0, 'SIGKILL')
    expect(await container.wait()).toMatchObject({
      code: -1,
      cause: 'monitor-lost',
      by: null,
      cpuMs: expect.any(Number),
      memoryPeak: expect.any(Number),
    })
  })
})
