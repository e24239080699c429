import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type EngineEvent, RootError } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('what an engine told of its watch, the next one takes back', async () => {
  const first = await place.open()
  const exits = join(place.runRoot, 'exits')
  rmSync(exits, { recursive: true })
  symlinkSync(place.path, exits)
  const live: EngineEvent[] = []
  first.events.subscribe((event) => live.push(event))
  await expect.poll(() => live.at(-1)).toMatchObject({ reason: expect.stringContaining('a symbolic link') })
  expect(live.at(-1)).toMatchObject({
    type: 'watch.degraded',
    containerId: null,
    name: null,
    generation: null,
  })
  await first.close()
  const past = [...live]

  await expect(place.open()).rejects.toThrow(RootError)
  rmSync(exits)
  const second = await place.open()
  const events = (): EngineEvent[] => [...second.events.past(0)]
  await expect.poll(() => events().at(-1)).toMatchObject({ type: 'watch.restored' })
  expect(events().slice(0, -1)).toEqual(past)
})
