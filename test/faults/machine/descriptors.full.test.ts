import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { type RemoteEngine, remoteEngine } from './remote-engine.ts'

const LONG = 'trap "exit 5" TERM; touch /tmp/ready; while :; do sleep 0.05; done'
const PATIENT = { timeout: 20_000 }

let place: TestPlace
let engine: RemoteEngine
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const { root, runRoot } = place
  engine = await remoteEngine(
    { root, runRoot, runtime: TEST_RUNTIME },
    { by: ['prlimit', '--nofile=160:160'] },
  )
  onTestFinished(() => engine[Symbol.asyncDispose]())
})

const create = (script: string): Promise<string> =>
  engine.create({ rootfs: place.rootfs, command: ['sh', '-c', script], stopTimeout: 600 })

async function running(): Promise<{ id: string; pid: number }> {
  const id = await create(LONG)
  await engine.start(id)
  await expect.poll(() => existsSync(join(place.rootfs, 'tmp/ready')), PATIENT).toBe(true)
  return { id, pid: (await engine.inspect(id)).pid ?? 0 }
}

/** What a call says that fails for want of a descriptor. */
const saysWhichLimit = { code: expect.stringMatching(/^E/), hint: expect.stringContaining('ulimit -n') }

test('a container too many is refused; the others are watched to their end, and make room', async () => {
  await engine.leave(40)
  const ids: string[] = []
  const refusal = await (async () => {
    for (;;) {
      const made = await create('while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 7').catch(
        (error) => error,
      )
      if (typeof made !== 'string') return made
      ids.push(made)
      await engine.start(made)
    }
  })()
  expect(refusal).toMatchObject({ ...saysWhichLimit, code: 'ESYSTEM' })
  expect(ids.length).toBeGreaterThan(2)
  expect((await engine.snapshot()).containers.map(({ state }) => state)).toEqual(ids.map(() => 'running'))

  const exits = ids.map((id) => engine.wait(id))
  writeFileSync(join(place.rootfs, 'tmp/end'), '')
  for (const exit of await Promise.all(exits)) expect(exit).toMatchObject({ code: 7, cause: 'exited' })
  for (const id of ids) await engine.remove(id)
  await engine.remove(await create('true'))
  expect(place.leftovers()).toEqual([])
  recordFault('descriptors nearly used up', 'a create too many is refused, the others go on')
})

test('without any left, each call says so, and nobody is taken for dead', async () => {
  const { id, pid } = await running()
  // Enough to look at a file, not to run a program: what is asked next fails in the same words.
  await engine.leave(2)
  await expect(engine.pause(id)).rejects.toMatchObject(saysWhichLimit)
  await engine.leave()
  await expect.poll(async () => (await engine.inspect(id)).state, PATIENT).toBe('running')

  await engine.leave(0)
  await expect(create('true')).rejects.toMatchObject(saysWhichLimit)
  await expect(engine.stop(id)).rejects.toMatchObject(saysWhichLimit)
  await expect(engine.kill(id, 'SIGTERM')).rejects.toMatchObject({ code: 'EILLEGALTRANSITION' })
  expect(await engine.inspect(id)).toMatchObject({ state: 'reconciling', exit: null })
  expect(identifyProcess(pid)).toBeDefined()

  await engine.leave()
  await expect.poll(async () => (await engine.inspect(id)).state, PATIENT).toBe('running')
  expect(identifyProcess(pid)).toBeDefined()
  expect(await engine.stop(id)).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  recordFault('no descriptor left', 'typed errors, the container lives, all goes on')
})

test('without any left, an exit is known, and cleaned up when there is room', async () => {
  const { id, pid } = await running()
  const { seq } = await engine.snapshot()
  const exit = engine.wait(id)
  await engine.leave(0)
  process.kill(pid, 'SIGTERM')
  expect(await exit).toMatchObject({ code: 5, cause: 'exited' })
  await expect.poll(async () => (await engine.inspect(id)).error, PATIENT).toMatchObject(saysWhichLimit)
  expect(await engine.inspect(id)).toMatchObject({ state: 'stopped', exitCode: 5 })

  await engine.leave()
  await engine.start(id)
  expect(await engine.inspect(id)).toMatchObject({ state: 'running', generation: 2, error: null })
  const numbers = (await engine.events(seq)).map((event) => event.seq)
  expect(numbers).toEqual(numbers.map((_, index) => seq + 1 + index))
  recordFault('no descriptor left at an exit', 'the real code; cleaned up afterwards')
})

test('two hundred lives leave no descriptor open', async () => {
  const live = async (): Promise<void> => {
    const id = await create('exit 3')
    await engine.start(id)
    await engine.wait(id)
    await engine.remove(id)
  }
  await Promise.all([live(), live(), live(), live()])
  const before = await engine.descriptors()
  for (let lives = 0; lives < 200; lives += 4) await Promise.all([live(), live(), live(), live()])
  await expect.poll(() => engine.descriptors(), PATIENT).toBeLessThanOrEqual(before)
  recordFault('200 lives of containers', 'no descriptor is left open', 200)
})
