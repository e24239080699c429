import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { fetchCriu, whyNoCriu } from '../../fixtures/criu.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { gate, keptExit, killProcess, losses, nothingIsLeft, processOf, running, soon, told } from './lost.ts'

const reason = await whyNoCriu()
const criu = reason === undefined ? await fetchCriu() : ''

/** A word of the real thing alone; before it the runtime is asked whether it could. */
const DUMP = '--image-path'

describe.skipIf(reason !== undefined)('conmon killed while its container is being checkpointed', () => {
  let place: TestPlace
  beforeEach(async () => {
    place = await testPlace()
    onTestFinished(() => place[Symbol.asyncDispose]())
  })

  test('the checkpoint fails and says why, and the container is ended', async () => {
    const at = gate(place.path, DUMP, 'before')
    const engine = await place.open({ criu, runtime: at.runtime })
    const container = await running(place, engine)
    const checkpoint = container.checkpoint().catch((error) => error)
    await at.reached()
    expect(container.state).toBe('checkpointing')
    const [pid, monitor] = [processOf(container, 'pid'), processOf(container, 'monitorPid')]
    const { seq } = engine.snapshot()
    await killProcess(monitor)
    expect(await checkpoint).toMatchObject({ code: 'EMONITORLOST', hint: expect.stringContaining('again') })
    at.open()
    expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
    await soon(() => container.state).toBe('exited')
    expect(told(engine, container, seq)).toEqual([
      'monitor.lost',
      'reconciling',
      'stopped',
      'cleaning',
      'exited',
    ])
    expect(existsSync(join(place.root, 'containers', container.id, 'checkpoint'))).toBe(false)
    await nothingIsLeft(place, container.id, pid, monitor)
    recordFault('conmon killed: checkpointing', 'checkpoint fails with the reason; container ended, −1')
  })

  test('where containers are kept, the checkpoint is made, and can be restored', async () => {
    const at = gate(place.path, DUMP, 'before')
    const engine = await place.open({ criu, runtime: at.runtime, monitorLost: 'keep' })
    const container = await running(place, engine)
    const checkpoint = container.checkpoint()
    await at.reached()
    const monitor = processOf(container, 'monitorPid')
    await killProcess(monitor)
    at.open()
    await checkpoint
    expect(await container.wait()).toMatchObject({ ...keptExit(137, 'checkpointed'), generation: 1 })
    expect(losses(engine, container)).toBe(1)
    await container.restore()
    expect(container.inspect()).toMatchObject({
      state: 'running',
      generation: 2,
      monitorPid: expect.any(Number),
    })
    expect(await container.stop()).toMatchObject({ code: 5, generation: 2 })
    recordFault('conmon killed: checkpointing (kept)', 'checkpoint made, and restored under a new conmon')
  })
})
