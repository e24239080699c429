import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSameProcess } from '../../../effects/process/identity.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { heard, killProcess, LOOP, losses, nothingIsLeft, processOf, running, soon, told } from './lost.ts'
import { gateOf, SITUATIONS } from './states.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LOST = { code: -1, signal: null, cause: 'monitor-lost', oomKilled: false }

describe('conmon killed: the container is ended, and recorded as lost', () => {
  test.each(SITUATIONS)('$name', async (situation) => {
    const gate = gateOf(place, situation)
    const engine = await place.open(gate && { runtime: gate.runtime })
    const { container, asked } = await situation.into(place, engine)
    const outcome = asked?.then(
      // Whoever is answered is not left in doubt.
      () => (container.state === 'reconciling' ? 'too soon' : 'done'),
      (error) => error.code,
    )
    await gate?.reached()
    expect(container.state).toBe(situation.state)
    const [first, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    const { seq } = engine.snapshot()
    let livesOn = true
    const stopped = heard(engine, container, (event) => {
      if (event.type !== 'state' || event.to !== 'stopped') return false
      livesOn = isSameProcess(first)
      return true
    })
    await killProcess(monitor)
    // The world is asked while it stands still; everything else is not waited for.
    if (situation.state === 'reconciling') gate?.open()

    expect(await container.wait()).toMatchObject({ ...LOST, generation: 1 })
    await stopped
    expect(livesOn).toBe(false)
    gate?.open()
    await soon(() => container.state).toBe('exited')
    expect(container.inspect()).toMatchObject({ pid: null, monitorPid: null, exitCode: -1 })
    const words = told(engine, container, seq).filter((word) => word !== 'signal')
    const before = situation.state === 'reconciling' ? [] : ['reconciling']
    expect(words).toEqual(['monitor.lost', ...before, 'stopped', 'cleaning', 'exited'])
    expect(await outcome).toBe(situation.fails ?? (asked && 'done'))
    await nothingIsLeft(place, container.id, first, monitor)
    recordFault(`conmon killed: ${situation.name}`, 'told at once, container killed, −1, monitor-lost')
  })

  test('twice in a row, each run of one container told for itself', async () => {
    const engine = await place.open()
    const container = await running(place, engine)
    for (const generation of [1, 2]) {
      if (generation > 1) await container.start()
      const { seq } = engine.snapshot()
      const monitor = processOf(container, 'monitorPid')
      await killProcess(monitor)
      expect(await container.wait({ generation })).toMatchObject({ ...LOST, generation })
      await soon(() => container.state).toBe('exited')
      const lost = [...engine.events.past(seq)].filter(({ type }) => type === 'monitor.lost')
      expect(lost).toMatchObject([{ generation }])
    }
    await container.start()
    expect(await container.stop()).toMatchObject({ code: 5, generation: 3 })
    expect(losses(engine, container)).toBe(2)
    recordFault('conmon killed twice in a row', 'each loss told with its generation', 2)
  })

  test('of two at once, and a third goes on', async () => {
    const engine = await place.open()
    const containers = await Promise.all([1, 2, 3].map(() => running(place, engine, LOOP)))
    const [one, two, three] = containers
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three')
    await Promise.all([one, two].map((container) => killProcess(processOf(container, 'monitorPid'))))
    for (const lost of [one, two]) expect(await lost.wait()).toMatchObject(LOST)
    expect(await three.refresh()).toMatchObject({ state: 'running', monitorPid: expect.any(Number) })
    expect(await three.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
    recordFault('two conmons killed at once', 'both told, a third container untouched', 2)
  })
})
