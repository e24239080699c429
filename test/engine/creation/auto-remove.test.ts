import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Container, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { heldRuntime } from '../../fixtures/programs.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const auto = (engine: Engine, script: string): Promise<Container> =>
  place.sh(engine, script, { name: 'web', autoRemove: true })
const names = (engine: Engine): string[] => engine.snapshot().containers.map(({ name }) => name)

test('a container that is to be removed goes once it has exited; its exit stays on record', async () => {
  const engine = await place.open()
  const web = await auto(engine, 'exit 7')
  expect(web.inspect().autoRemove).toBe(true)
  await web.start()
  expect(await web.wait()).toMatchObject({ code: 7 })
  await expect.poll(() => names(engine)).toEqual([])
  expect(engine.exitRecord(web.id)).toMatchObject({ code: 7, generation: 1 })
  expect(place.leftovers()).toEqual([])
  const states = [...engine.events.past(0)].map((event) => (event.type === 'state' ? event.to : event.type))
  // It rests nowhere between.
  expect(states.slice(-4)).toEqual(['stopped', 'cleaning', 'removing', 'removed'])
})

test('is kept as long as somebody reads its log', async () => {
  const engine = await place.open()
  const web = await auto(engine, 'echo one; echo two; exit 3')
  const lines = web.logs({ follow: true })[Symbol.asyncIterator]()
  const first = lines.next()
  await web.start()
  expect(String((await first).value.data)).toBe('one')
  await expect.poll(() => web.state).toBe('exited')
  expect(String((await lines.next()).value.data)).toBe('two')
  expect(names(engine)).toEqual(['web'])
  expect(await lines.next()).toMatchObject({ done: true })
  await expect.poll(() => names(engine)).toEqual([])
})

test('may be started again while its log keeps it, and goes after that exit', async () => {
  const engine = await place.open()
  const web = await auto(engine, 'echo on; [ -e /tmp/second ] && exit 5; touch /tmp/second')
  const lines = web.logs({ follow: true })[Symbol.asyncIterator]()
  const first = lines.next()
  await web.start()
  await first
  await expect.poll(() => web.state).toBe('exited')
  await web.start()
  expect(await web.wait({ generation: 2 })).toMatchObject({ code: 5 })
  await lines.return?.()
  await expect.poll(() => names(engine)).toEqual([])
})

test.each([
  [
    'has exited while no engine was there',
    async (web: Container) => void process.kill(web.inspect().pid ?? 0),
  ],
  ['lives, and is stopped', async () => {}],
])('one that %s goes with the next engine', async (_, before) => {
  const first = await place.open()
  const web = await auto(first, 'trap "exit 4" TERM; echo ready; while :; do sleep 0.05; done')
  await web.start()
  for await (const _ of web.logs({ follow: true })) break
  await first.close()
  await before(web)
  const next = await place.open()
  if (names(next).length > 0 && next.get('web').state === 'running') await next.get('web').stop()
  await expect.poll(() => names(next)).toEqual([])
  expect(next.exitRecord(web.id)).toMatchObject({ code: 4 })
})

test('one whose engine closed before it had removed it goes with the next one', async () => {
  const first = await place.open()
  const web = await auto(first, 'echo on; exit 6')
  const lines = web.logs({ follow: true })[Symbol.asyncIterator]()
  const line = lines.next()
  await web.start()
  await line
  await expect.poll(() => web.state).toBe('exited')
  await first.close()
  await lines.return?.()
  const next = await place.open()
  expect(names(next)).toEqual([])
  expect(next.exitRecord(web.id)).toMatchObject({ code: 6 })
})

test('one that was never made to the end goes too', async () => {
  const runtime = heldRuntime(place.path)
  const first = await place.open({ runtime: runtime.path })
  runtime.holdAt('create')
  const creating = auto(first, 'true').catch((error: unknown) => error)
  await runtime.held()
  await first.close({ timeout: 0 })
  expect(await creating).toMatchObject({ code: 'ECLOSED' })
  const next = await place.open({ runtime: runtime.path })
  await expect.poll(() => names(next)).toEqual([])
  expect(place.leftovers()).toEqual([])
})

test.each([['yes'], [1], [null]])('%j is no answer to whether it is to be removed', async (autoRemove) => {
  const engine = await place.open()
  const creating = place.sh(engine, 'true', { autoRemove: autoRemove as never })
  await expect(creating).rejects.toMatchObject({ code: 'EINPUT' })
  expect(names(engine)).toEqual([])
})
