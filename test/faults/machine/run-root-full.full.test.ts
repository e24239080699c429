import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { openEngine, RunchartError } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { fullPlace, LONG, PATIENT, pidOf, running, states } from './full-place.ts'

const needsRoom = { hint: expect.stringContaining('free space') }

test('an exit that conmon cannot write is known all the same, as lost', async () => {
  await using bed = await fullPlace('runRoot')
  const engine = await bed.place.open()
  const web = await running(engine, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  const { seq } = engine.snapshot()
  const pid = pidOf(web)
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  process.kill(pid, 'SIGTERM')
  expect(await web.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  expect(existsSync(join(bed.place.runRoot, 'exits', web.id))).toBe(false)
  await expect.poll(() => web.state, PATIENT).toBe('exited')
  expect(states(engine.events.past(seq))).toContain('monitor.lost')
  expect(identifyProcess(pid)).toBeUndefined()
  full.giveUp()
  await web.start()
  expect(await web.stop()).toMatchObject({ code: 5, generation: 2 })
  recordFault('disk of the run root full', 'an exit without file is monitor-lost; starts again')
})

test('a running container can be stopped, paused, asked and removed', async () => {
  await using bed = await fullPlace('runRoot')
  const engine = await bed.place.open()
  const web = await running(engine, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  const other = await running(engine, (it) => bed.place.sh(it, LONG, { name: 'other' }))
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  expect((await web.refresh()).state).toBe('running')
  await web.pause()
  await web.resume()
  await expect(web.exec(['true'])).rejects.toMatchObject(needsRoom)
  // conmon cannot write the code of an exit.
  expect(await web.stop()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  await other.remove({ force: true })
  await expect.poll(() => web.state, PATIENT).toBe('exited')
  recordFault('disk of the run root full', 'stop, pause, remove and refresh work; exec says why not')
})

test('an engine opens, and takes over what runs', async () => {
  await using bed = await fullPlace('runRoot')
  const { root, runRoot } = bed.place
  const first = await bed.place.open()
  const web = await running(first, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  await first.close()
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  const second = await openEngine({ root, runRoot, runtime: TEST_RUNTIME })
  expect(second.get(web.id).state).toBe('running')
  await expect(openEngine({ root, runRoot, runtime: TEST_RUNTIME })).rejects.toMatchObject({
    code: 'EROOTOWNED',
  })
  await second.close()
  recordFault('engine opened on a full run root', 'it takes its containers over')
})

test('however little room is left, a create is made or refused, and leaves nothing behind', async () => {
  await using bed = await fullPlace('runRoot')
  const engine = await bed.place.open()
  const before = bed.place.leftovers()
  using full = bed.disk.fill()
  const outcomes = new Set<string>()
  let pages = 0
  for (; !outcomes.has('made') && pages < 64; pages += 1) {
    full.leave(pages * 4096)
    const made = await bed.place.sh(engine, 'true', { name: 'web' }).catch((error: unknown) => error)
    if (made instanceof Error) {
      expect(made).toBeInstanceOf(RunchartError)
      expect(made).toMatchObject(needsRoom)
      outcomes.add((made as RunchartError).code)
    } else {
      outcomes.add('made')
      full.giveUp()
      await engine.get('web').remove({ force: true })
    }
    await expect.poll(() => engine.snapshot().containers, PATIENT).toEqual([])
    expect(bed.place.leftovers()).toEqual(before)
  }
  expect(outcomes.size).toBeGreaterThan(1)
  expect(outcomes).toContain('made')
  recordFault('run root full at any point of a create', 'made or refused, nothing left', pages)
})
