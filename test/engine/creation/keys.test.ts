import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { KeyTakenError } from '../../../src/errors.ts'
import type { CreateOptions, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { heldRuntime } from '../../fixtures/programs.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const job = (): CreateOptions => ({
  key: 'job 42',
  rootfs: place.rootfs,
  command: ['sh', '-c', 'exit 3'],
  labels: { tier: 'batch', team: 'a' },
})
const ids = (engine: Engine): string[] => engine.snapshot().containers.map(({ id }) => id)

test('a create that is asked again gives the same container back, whatever has become of it', async () => {
  const engine = await place.open()
  const first = await engine.create(job())
  const again = await engine.create({ ...job(), labels: { team: 'a', tier: 'batch' } })
  expect(again.id).toBe(first.id)
  expect(first.inspect()).toMatchObject({ key: 'job 42', labels: { tier: 'batch', team: 'a' } })
  await first.start()
  await first.wait()
  expect((await engine.create(job())).id).toBe(first.id)
  expect(ids(engine)).toEqual([first.id])
})

test('two who ask at once have one container', async () => {
  const engine = await place.open()
  const all = await Promise.all([engine.create(job()), engine.create(job()), engine.create(job())])
  expect(new Set(all.map(({ id }) => id)).size).toBe(1)
  expect(all[2].state).toBe('created')
})

test('the next engine knows the key', async () => {
  const first = await place.open()
  const { id } = await first.create(job())
  await first.close()
  const next = await place.open()
  expect((await next.create(job())).id).toBe(id)
})

test('a creation that was cut off is gone on with by whoever asks the next engine', async () => {
  const runtime = heldRuntime(place.path)
  const first = await place.open({ runtime: runtime.path })
  runtime.holdAt('create')
  const cutOff = first.create(job())
  await runtime.held()
  const [id = ''] = ids(first)
  await Promise.all([expect(cutOff).rejects.toMatchObject({ code: 'ECLOSED' }), first.close({ timeout: 0 })])
  const next = await place.open()
  expect(next.get(id).state).toBe('configured')
  const [one, two] = await Promise.all([next.create(job()), next.create(job())])
  expect([one.id, two.id]).toEqual([id, id])
  expect(one.state).toBe('created')
})

test('other options are refused, and change nothing', async () => {
  const engine = await place.open()
  const { id } = await engine.create({ ...job(), name: 'first' })
  const other = engine.create({ ...job(), name: 'first', command: ['true'] })
  await expect(other).rejects.toThrow(KeyTakenError)
  await expect(other).rejects.toMatchObject({
    code: 'EKEYTAKEN',
    containerId: id,
    message: /container first/,
  })
  expect(ids(engine)).toEqual([id])
})

test('a key is free again once its container is removed', async () => {
  const engine = await place.open()
  const first = await engine.create(job())
  await first.remove()
  expect((await engine.create(job())).id).not.toBe(first.id)
})

test('a create that failed does not hold its key', async () => {
  const engine = await place.open()
  await expect(engine.create({ ...job(), command: ['/no/such'] }).then((c) => c.start())).rejects.toThrow()
  for (const { id } of engine.snapshot().containers) await engine.get(id).remove({ force: true })
  await expect(engine.create({ ...job(), rootfs: '/no/such' })).rejects.toThrow('/no/such')
  expect((await engine.create(job())).state).toBe('created')
})

test('who waits for another’s create may give up; who asked first decides over it', async () => {
  const runtime = heldRuntime(place.path)
  const engine = await place.open({ runtime: runtime.path })
  runtime.holdAt('create')
  const firstGivesUp = new AbortController()
  const first = engine.create(job(), { signal: firstGivesUp.signal })
  const held = await runtime.held()
  const second = engine.create(job(), { signal: AbortSignal.abort(new Error('enough')) })
  await expect(second).rejects.toThrow('enough')
  const secondGivesUp = new AbortController()
  const third = engine.create(job(), { signal: secondGivesUp.signal })
  secondGivesUp.abort(new Error('not any more'))
  await expect(third).rejects.toThrow('not any more')
  const patient = engine.create(job())
  firstGivesUp.abort(new Error('never mind'))
  process.kill(held, 'SIGCONT')
  await expect(first).rejects.toThrow('never mind')
  expect((await patient).state).toBe('created')
  expect(ids(engine)).toEqual([(await patient).id])
})

test.each([
  ['of no characters', ''],
  ['of 257 characters', 'x'.repeat(257)],
  ['with NUL', 'a\0b'],
])('a key %s is refused', async (_, key) => {
  const engine = await place.open()
  await expect(engine.create({ ...job(), key })).rejects.toMatchObject({ code: 'EINPUT' })
  expect(ids(engine)).toEqual([])
})
