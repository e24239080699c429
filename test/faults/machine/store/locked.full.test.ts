import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../../effects/process/identity.ts'
import type { EngineEvent } from '../../../../src/index.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { recordFault } from '../../record.ts'
import { LONG, PATIENT, pidOf, running, states } from '../full-place.ts'
import { remoteEngine } from '../remote-engine.ts'
import { LOCKS, lockDatabase } from './lock.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const isLocked = expect.objectContaining({
  code: 'ESTORE',
  failure: 'locked',
  hint: expect.stringContaining('end the process that writes to it'),
})

const lock = (kind: keyof typeof LOCKS = 'from writing') => lockDatabase(join(place.root, 'store.db'), kind)
const exitFile = (id: string): string => join(place.runRoot, 'exits', id)

test('a store that somebody else has locked refuses each command, and every exit is told once it is free', async () => {
  const engine = await place.open()
  const make = (name: string) => running(engine, (it) => place.sh(it, LONG, { name }))
  const [web, ending, stopping] = [await make('web'), await make('ending'), await make('stopping')]
  const created = await place.sh(engine, 'exit 4', { name: 'created' })
  const pids = [web, ending].map(pidOf)
  const told: EngineEvent[] = []
  engine.events.subscribe((event) => told.push(event))
  const { seq } = engine.snapshot()
  const exit = ending.wait()

  await using held = await lock()
  process.kill(pids[1] ?? 0, 'SIGTERM')
  await expect.poll(() => existsSync(exitFile(ending.id)), PATIENT).toBe(true)
  const commands = [
    place.sh(engine, 'true', { name: 'new' }),
    web.kill('SIGTERM'),
    web.exec(['true']),
    created.start(),
    stopping.stop({ timeout: 600 }),
  ]
  const outcomes = await Promise.allSettled(commands)
  expect(outcomes).toEqual(commands.map(() => ({ status: 'rejected', reason: isLocked })))
  // Reading goes on, and says what was last told.
  expect(engine.snapshot().containers.map(({ name, state }) => `${name} ${state}`)).toEqual([
    ...['web running', 'ending running', 'stopping running', 'created created'],
  ])
  expect([...engine.events.past(seq)]).toEqual([])
  expect(told).toEqual([])
  expect(identifyProcess(pids[0] ?? 0)).toBeDefined()

  await held.release()
  expect(await exit).toMatchObject({ code: 5, cause: 'exited' })
  await expect.poll(() => ending.state, PATIENT).toBe('exited')
  await expect.poll(() => [web.state, created.state], PATIENT).toEqual(['running', 'created'])
  expect(await stopping.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(states(told.filter(({ name }) => name === 'ending'))).toEqual(['stopped', 'cleaning', 'exited'])
  expect(told.map((event) => event.seq)).toEqual(told.map((_, index) => seq + 1 + index))
  expect([...engine.events.past(seq)]).toEqual(told)
  await created.start()
  expect(await created.wait()).toMatchObject({ code: 4 })
  expect(await web.stop()).toMatchObject({ code: 5 })
  recordFault('store locked by another process', 'ESTORE for commands; exits told once it is free', 5)
})

test.each(Object.keys(LOCKS) as (keyof typeof LOCKS)[])(
  'an engine that finds its store locked %s does not open, and the next one knows what has ended',
  async (kind) => {
    const { root, runRoot, rootfs } = place
    await using first = await remoteEngine({ root, runRoot, runtime: TEST_RUNTIME })
    const ids: string[] = []
    for (const name of ['web', 'ending']) {
      ids.push(
        await first.create({
          name,
          rootfs,
          command: ['sh', '-c', LONG.replace('echo', `touch /tmp/${name}; echo`)],
        }),
      )
      await first.start(name)
      await expect.poll(() => existsSync(join(rootfs, 'tmp', name)), PATIENT).toBe(true)
    }
    const infos = await Promise.all(ids.map((id) => first.inspect(id)))
    const { seq } = await first.snapshot()
    await first.die()

    await using held = await lock(kind)
    process.kill(infos[1]?.pid ?? 0, 'SIGTERM')
    await expect.poll(() => existsSync(exitFile(ids[1] ?? '')), PATIENT).toBe(true)
    await expect(place.open()).rejects.toEqual(isLocked)
    // It has let go of the roots: what stands in the way is still the lock.
    await expect(place.open()).rejects.toEqual(isLocked)
    expect(existsSync(exitFile(ids[1] ?? ''))).toBe(true)
    for (const pid of [infos[0]?.pid, infos[0]?.monitorPid]) expect(identifyProcess(pid ?? 0)).toBeDefined()

    await held.release()
    const second = await place.open()
    expect(second.get('web').inspect()).toMatchObject({ state: 'running', pid: infos[0]?.pid })
    expect(await second.get('ending').wait()).toMatchObject({ code: 5, cause: 'exited' })
    await expect.poll(() => second.get('ending').state, PATIENT).toBe('exited')
    expect(await second.get('web').stop()).toMatchObject({ code: 5 })
    const numbers = [...second.events.past(seq)].map((event) => event.seq)
    expect(numbers).toEqual(numbers.map((_, index) => seq + 1 + index))
    recordFault('store locked while an engine opens', 'ESTORE in time; then all is known', 2)
  },
)
