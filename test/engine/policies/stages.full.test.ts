import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Container, CreateOptions, Engine, StopStage } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { eventually } from './told.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Takes no notice of SIGINT, nor of SIGTERM, and ends with 5 at SIGQUIT. */
const STUBBORN = 'trap "" INT TERM; trap "exit 5" QUIT; echo; while :; do sleep 0.05; done'

async function running(engine: Engine, script: string, options: CreateOptions = {}): Promise<Container> {
  const container = await place.sh(engine, script, { name: 'web', ...options })
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

const signals = (engine: Engine): string[] =>
  [...engine.events.past(0)].flatMap((event) => (event.type === 'signal' ? [event.signal] : []))

const STAGES: StopStage[] = [
  { signal: 'SIGINT', grace: 0.1 },
  { signal: 15, grace: 0.1 },
  { signal: 'QUIT', grace: 600 },
]

test('a stop goes from signal to signal until the container ends', async () => {
  const engine = await place.open()
  const web = await running(engine, STUBBORN, { stopStages: STAGES })
  expect(web.inspect().stopStages).toEqual([
    { signal: 'SIGINT', grace: 0.1 },
    { signal: 'SIGTERM', grace: 0.1 },
    { signal: 'SIGQUIT', grace: 600 },
  ])
  expect(await web.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(signals(engine)).toEqual(['SIGINT', 'SIGTERM', 'SIGQUIT'])
})

test('SIGKILL follows the last stage', async () => {
  const engine = await place.open()
  const web = await running(engine, STUBBORN)
  expect(await web.stop({ stages: STAGES.slice(0, 2) })).toMatchObject({
    code: 137,
    cause: 'stopped-by-user',
  })
  expect(signals(engine)).toEqual(['SIGINT', 'SIGTERM', 'SIGKILL'])
})

test('a stop with a timeout takes the place of the stages, and one of 0 ends them', async () => {
  const engine = await place.open()
  const web = await running(engine, STUBBORN, { stopStages: [{ signal: 'SIGINT', grace: 600 }] })
  const first = web.stop()
  await eventually(() => signals(engine)).toEqual(['SIGINT'])
  expect(await web.stop({ timeout: 0 })).toMatchObject({ code: 137 })
  expect(await first).toMatchObject({ code: 137 })
  expect(signals(engine)).toEqual(['SIGINT', 'SIGKILL'])
})

test('the next engine goes on at the stage that was reached', async () => {
  const engine = await place.open()
  const stages = [STAGES[0], { signal: 'SIGTERM', grace: 600 }, STAGES[2]] as StopStage[]
  const web = await running(engine, STUBBORN, { stopStages: stages })
  const stopped = web.stop()
  stopped.catch(() => {})
  await eventually(() => signals(engine)).toEqual(['SIGINT', 'SIGTERM'])
  await engine.close({ timeout: 0 })
  await expect(stopped).rejects.toMatchObject({ code: 'ECLOSED' })
  const next = await place.open()
  await eventually(() => signals(next)).toEqual(['SIGINT', 'SIGTERM', 'SIGTERM'])
  expect(next.get('web').state).toBe('stopping')
  expect(await next.get('web').stop({ timeout: 0 })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
})

test.each([
  [[]],
  [[{ signal: 'SIGINT', grace: 0 }]],
  [[{ signal: 'SIGINT' }]],
  [[{ signal: 'SIGNONE', grace: 1 }]],
  [[null]],
  ['SIGINT:5'],
])('the stages %j are refused, and change nothing', async (stages) => {
  const engine = await place.open()
  const wrong = stages as unknown as StopStage[]
  await expect(place.sh(engine, 'true', { stopStages: wrong })).rejects.toMatchObject({ code: 'EINPUT' })
  expect(engine.snapshot().containers).toEqual([])
  const web = await running(engine, STUBBORN)
  await expect(web.stop({ stages: wrong })).rejects.toMatchObject({ code: 'EINPUT' })
  await expect(web.stop({ stages: STAGES, timeout: 1 })).rejects.toMatchObject({ code: 'EINPUT' })
  expect([web.state, signals(engine)]).toEqual(['running', []])
})
