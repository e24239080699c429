import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { isSameProcess } from '../../../effects/process/identity.ts'
import { type Engine, RuntimeError } from '../../../src/index.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { gate, killProcess, LOOP, nothingIsLeft, soon, youngMonitor } from './lost.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** The id of the one container that an engine is making. */
async function madeNow(engine: Engine): Promise<string> {
  await soon(() => engine.snapshot().containers.map(({ state }) => state)).toEqual(['creating'])
  return engine.snapshot().containers[0]?.id ?? ''
}

describe.each(['kill', 'keep'] as const)('conmon killed in a create; containers: %s', (monitorLost) => {
  test.each(['before', 'after'] as const)('%s the runtime has made it', async (when) => {
    const at = gate(place.path, 'create', when)
    const engine = await place.open({ runtime: at.runtime, monitorLost })
    const creating = place.sh(engine, LOOP).catch((error) => error)
    const id = await madeNow(engine)
    await at.reached()
    const monitor = await youngMonitor(place, id)
    await killProcess(monitor)
    const error = await creating
    at.open()

    expect(error).toBeInstanceOf(RuntimeError)
    expect(error).toMatchObject({ containerId: id, message: expect.stringContaining('conmon ended') })
    expect(engine.snapshot().containers).toEqual([])
    expect(engine.exitRecord(id)).toMatchObject({ code: -1, cause: 'create-failed' })
    expect([...engine.events.past(0)].map(({ type }) => type)).not.toContain('monitor.lost')
    expect(isSameProcess(monitor)).toBe(false)
    await soon(() => processesNaming(id)).toEqual([])
    await nothingIsLeft(place, id, monitor)
    expect(place.leftovers()).toEqual([])
    recordFault(`conmon killed: creating, ${when} the runtime’s create`, 'create fails; nothing left')
  })
})
