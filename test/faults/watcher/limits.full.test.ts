import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordFault } from '../record.ts'
import { inOwnNamespace, type RemoteEngine, withDescriptors } from './own-limits.ts'

const HELD = 'exits with their own codes, the trouble told once with what to do, and its end'
/** Nobody in the namespace of the test. */
const STRANGER = 70_000

const probe = async ({ tell, exits }: RemoteEngine) => (await tell({ do: 'probe', directory: exits })).probed

/** Every container came out of the runtime, and left nothing. */
async function expectAllExited({ events, containers, exits }: RemoteEngine): Promise<void> {
  const last = (id: string): unknown =>
    events.findLast((event) => event.type === 'state' && event.containerId === id)
  for (const { id } of containers) {
    await expect.poll(() => last(id), { timeout: 30_000 }).toMatchObject({ to: 'exited' })
  }
  expect(readdirSync(exits)).toEqual([])
}

describe('the kernel gives no watch', () => {
  test.each([
    ['instance', 'max_inotify_instances', 'EMFILE', 'max_user_instances'],
    ['watch', 'max_inotify_watches', 'ENOSPC', 'max_user_watches'],
  ])('since the last %s is taken: the engine opens all the same', async (what, name, code, sysctl) => {
    await using engine = await inOwnNamespace()
    await engine.tell({ do: 'limit', name, value: 0 })
    const hint = expect.stringContaining(`sysctl fs.inotify.${sysctl}`)
    expect(await probe(engine)).toMatchObject({ watch: code, doctor: { status: 'warn', hint } })
    await engine.open(3)
    await engine.reported('watch.degraded')
    expect(engine.reports()).toMatchObject([{ reason: expect.stringContaining(code), hint }])
    for (const exit of [1, 2]) await engine.exitOf(exit)
    // However often it was tried again.
    expect(engine.reports()).toHaveLength(1)

    await engine.tell({ do: 'limit', name, value: 128 })
    expect(await probe(engine)).toMatchObject({ watch: 'ok', doctor: { status: 'ok' } })
    await engine.reported('watch.restored')
    await engine.exitOf(3)
    expect(engine.reports()).toHaveLength(2)
    await expectAllExited(engine)
    recordFault(`inotify ${what} limit reached`, HELD)
  })
})

describe('the exits directory', () => {
  test('made unreadable, so that neither conmon nor the engine can use it', async () => {
    await using engine = await inOwnNamespace()
    await engine.open(3)
    await engine.exitOf(1)
    chownSync(engine.exits, STRANGER, STRANGER)
    chmodSync(engine.exits, 0o700)
    expect(await probe(engine)).toMatchObject({ list: 'EACCES' })
    await engine.reported('watch.degraded', 2)
    expect(engine.reports().at(-1)).toMatchObject({ reason: expect.stringContaining('belongs to user') })
    await engine.exitOf(2)
    expect(existsSync(join(engine.exits, engine.containers[1]?.id ?? ''))).toBe(false)
    expect(engine.reports()).toHaveLength(2)

    chownSync(engine.exits, 0, 0)
    await engine.reported('watch.restored')
    await engine.exitOf(3)
    await expectAllExited(engine)
    recordFault('exits directory made unreadable', HELD)
  })
})

describe('the engine has no descriptor left', () => {
  test('when containers exit: their files are read once it has one', async () => {
    await using engine = await withDescriptors(128)
    await engine.open(3)
    await engine.tell({ do: 'take' })
    expect(await probe(engine)).toMatchObject({ open: 'EMFILE' })
    for (const { pid } of engine.containers) process.kill(pid, 'SIGTERM')
    await expect.poll(engine.reports, { timeout: 30_000 }).not.toEqual([])
    expect(engine.reports()[0]).toMatchObject({
      type: 'watch.degraded',
      reason: expect.stringContaining('EMFILE'),
      hint: expect.stringContaining('the limit of open files'),
    })
    await engine.tell({ do: 'give' })
    // A clean-up that finds no descriptor goes back to `stopped`.
    const exits = (): unknown[] =>
      engine.events.flatMap((event) =>
        event.type === 'state' && event.to === 'stopped' && event.from !== 'cleaning' ? [event.exitCode] : [],
      )
    await expect.poll(() => exits().toSorted(), { timeout: 30_000 }).toEqual([1, 2, 3])
    await expect
      .poll(() => engine.reports().at(-1), { timeout: 30_000 })
      .toMatchObject({ type: 'watch.restored' })
    recordFault('no descriptor left to read an exit file', HELD)
  })
})
