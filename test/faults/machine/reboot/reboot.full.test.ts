import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { readBootId } from '../../../../effects/process/identity.ts'
import type { EngineEvent } from '../../../../src/index.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { cgroupsOf } from '../../elsewhere/lab.ts'
import { recordFault } from '../../record.ts'
import { LONG, PATIENT, states } from '../full-place.ts'
import { type RemoteEngine, remoteEngine } from '../remote-engine.ts'
import { cutPower, keepStore, otherBoot } from './power.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

async function open(by: string[] = []): Promise<RemoteEngine> {
  const { root, runRoot } = place
  const engine = await remoteEngine({ root, runRoot, runtime: TEST_RUNTIME }, { by })
  onTestFinished(() => engine.die())
  return engine
}

async function running(engine: RemoteEngine, name: string): Promise<string> {
  const id = await engine.create({
    ...{ name, rootfs: place.rootfs, stopTimeout: 600 },
    command: ['sh', '-c', LONG],
  })
  await engine.start(id)
  const log = join(place.root, 'containers', id, 'ctr.log')
  await expect.poll(() => readFileSync(log, 'utf8'), PATIENT).toContain('ready')
  return id
}

/** Somebody who follows events, and goes on with each engine from the last number that was told. */
class Subscriber {
  readonly heard: EngineEvent[] = []

  get last(): number {
    return this.heard.at(-1)?.seq ?? 0
  }

  /** Gives what is new. */
  async hear(engine: RemoteEngine): Promise<EngineEvent[]> {
    const events = await engine.events(this.last)
    this.heard.push(...events)
    return events
  }
}

test.each(['with all that was committed', 'without the last commits'])(
  'after a power cut, %s: nothing runs, what is started runs, and numbers never go back',
  async (what) => {
    const isLossy = what !== 'with all that was committed'
    const subscriber = new Subscriber()
    const first = await open()
    const [web, ended] = [await running(first, 'web'), await running(first, 'ended')]
    const created = await first.create({ name: 'created', rootfs: place.rootfs, command: ['true'] })
    const store = keepStore(place)
    const { seq: kept } = await first.snapshot()
    expect(await first.stop(ended)).toMatchObject({ code: 5 })
    await first.remove(await running(first, 'late'))
    await expect.poll(async () => (await first.inspect(ended)).state, PATIENT).toBe('exited')
    await subscriber.hear(first)
    const told = subscriber.last
    expect(told).toBeGreaterThan(kept + 10)

    await cutPower(place, first)
    if (isLossy) store.putBack()
    const boot = otherBoot(place)
    expect(boot.bootId).not.toBe(readBootId())
    const second = await open(boot.by)
    const containers = async () =>
      (await second.snapshot()).containers
        .map(({ name, state, exit }) => `${name} ${state} ${exit?.code} ${exit?.cause}`)
        .sort()
    await expect
      .poll(containers, PATIENT)
      .toEqual([
        'created exited -1 host-restart',
        isLossy ? 'ended exited -1 host-restart' : 'ended exited 5 stopped-by-user',
        'web exited -1 host-restart',
      ])
    expect(place.leftovers()).toEqual([])
    for (const id of [web, ended, created]) expect(cgroupsOf({ id })).toEqual([])

    const news = await subscriber.hear(second)
    expect(states(news.filter(({ name }) => name === 'web'))).toEqual(
      expect.arrayContaining(['stopped', 'cleaning', 'exited']),
    )
    await second.start(web)
    expect(await second.inspect(web)).toMatchObject({ state: 'running', generation: 2, exit: null })
    expect(await second.exec(web, ['echo', 'on'])).toMatchObject({ exitCode: 0, stdout: 'on\n' })
    expect(await second.stop(web)).toMatchObject({ code: 5, generation: 2, cause: 'stopped-by-user' })
    await expect.poll(async () => (await second.inspect(web)).state, PATIENT).toBe('exited')
    await subscriber.hear(second)
    await second.close()

    const third = await open(boot.by)
    for (const id of [web, ended, created]) await third.remove(id)
    await subscriber.hear(third)
    const numbers = subscriber.heard.map(({ seq }) => seq)
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers.filter((seq) => seq > told)).toEqual((await third.events(told)).map(({ seq }) => seq))
    expect(news[0]?.seq).toBeGreaterThan(told)
    expect(place.leftovers()).toEqual([])
    await third.close()
    recordFault(`power cut, ${what}`, 'exited −1, host-restart; each event once, no number goes back', 2)
  },
)

test('an older store that is put back before each of two power cuts takes no number back', async () => {
  const subscriber = new Subscriber()
  let engine = await open()
  const id = await engine.create({ rootfs: place.rootfs, command: ['true'] })
  const store = keepStore(place)
  const { seq: kept } = await engine.snapshot()
  for (const _ of ['once', 'again']) {
    await engine.remove(await running(engine, 'late'))
    await subscriber.hear(engine)
    const told = subscriber.last
    expect(told).toBeGreaterThan(kept)
    await cutPower(place, engine)
    store.putBack()
    engine = await open(otherBoot(place).by)
    await expect.poll(async () => (await engine.inspect(id)).state, PATIENT).toBe('exited')
    const [news] = await engine.events(told)
    expect(news?.seq).toBeGreaterThan(told)
    const all = await engine.events(0)
    expect(all.filter(({ seq }) => seq > kept)[0]?.seq).toBe(news?.seq)
  }
  await engine.close()
  recordFault('an older store put back before each power cut', 'no number goes back', 2)
})
