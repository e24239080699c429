import { firstValueFrom } from 'rxjs'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { ContainerInfo, Engine } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  engine = await place.open()
})

const inWords = (set: readonly ContainerInfo[]): string =>
  set.map(({ name, state }) => `${name} ${state}`).join()

test('the set of containers is there to be looked at, and told as it changes', async () => {
  const told: string[] = []
  engine.containers.subscribe((set) => told.push(inWords(set)))
  expect(told).toEqual([''])
  const web = await place.sh(engine, 'sleep 100', { name: 'web' })
  await web.start()
  expect(inWords(engine.containers.value)).toBe('web running')
  await expect.poll(() => told.at(-1)).toBe('web running')
  await web.remove({ force: true })
  await expect.poll(() => told.at(-1)).toBe('')
  const whole = [
    '',
    'web configured',
    'web creating',
    'web created',
    'web starting',
    'web running',
    'web stopping',
  ]
  // Some of its states may have come and gone in one turn, but it is told of none twice, and of none out of order.
  expect([...whole, 'web stopped', 'web cleaning', 'web exited', 'web removing', '']).toEqual(
    expect.arrayContaining(told),
  )
  expect(new Set(told).size).toBe(told.length - 1)
})

test('a container that has not changed is the same object, which nobody can change', async () => {
  const one = await place.sh(engine, 'sleep 100', { name: 'one' })
  const [before] = engine.containers.value
  await place.sh(engine, 'sleep 100', { name: 'two' })
  expect(engine.containers.value).toHaveLength(2)
  expect(engine.containers.value[0]).toBe(before)
  expect(engine.containers.value).toBe(engine.containers.value)
  expect(Object.isFrozen(before)).toBe(true)
  await one.start()
  expect(engine.containers.value[0]).not.toBe(before)
  expect(engine.snapshot().containers).toEqual(engine.containers.value)
})

test('who subscribes late is told what is there, and who throws hurts nobody', async () => {
  await place.sh(engine, 'true', { name: 'web' })
  const told = vi.fn()
  engine.containers.subscribe(() => {
    throw new Error('a consumer’s own')
  })
  engine.containers.subscribe((set) => told(inWords(set)))
  expect(told).toHaveBeenLastCalledWith('web created')
  await engine.get('web').remove()
  await expect.poll(() => told.mock.lastCall).toEqual([''])
})

test('it ends with the engine, and keeps its last value', async () => {
  const web = await place.sh(engine, 'sleep 100', { name: 'web' })
  const ended = vi.fn()
  engine.containers.subscribe({ complete: ended })
  await web.start()
  await engine.close()
  expect(ended).toHaveBeenCalledOnce()
  expect(inWords(engine.containers.value)).toBe('web running')
  expect(inWords(await firstValueFrom(engine.containers))).toBe('web running')
})
