import { existsSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { eventually, OBEYS, running, warnings } from './lab.ts'
import { startOwner } from './owner/owner.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Puts an exit file of nobody into a directory. Whoever watches, or sweeps, takes it away. */
function plant(directory: string): { isGone: () => boolean } {
  const path = join(directory, 'stranger')
  writeFileSync(path, '0')
  return { isGone: () => !existsSync(path) }
}

test('failure 2: a watch that fails is told of, and taken up again; what came meanwhile is swept', async () => {
  const { logger, lines } = warnings()
  const engine = await place.open({ logger })
  const container = await running(place, engine)
  const exits = join(place.runRoot, 'exits')
  const away = join(place.path, 'away')
  renameSync(exits, away)
  writeFileSync(exits, '')
  await eventually(() => lines.join()).toContain('cannot watch the exits directory')

  expect(await container.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  const meanwhile = plant(away)
  rmSync(exits)
  // Over an empty one, where the engine has made it already.
  renameSync(away, exits)
  await eventually(meanwhile.isGone).toBe(true)
  expect(lstatSync(exits).isDirectory()).toBe(true)
  await eventually(plant(exits).isGone).toBe(true)
  recordFault('02: the watch of the exits directory fails', 'a warning, a sweep, and a watch again')
})

test.each([
  ['max_inotify_instances', 'fs.inotify.max_user_instances'],
  ['max_inotify_watches', 'fs.inotify.max_user_watches'],
])(
  'failure 27: at the limit of %s the sysctl is named, and exits are known all the same',
  async (limit, sysctl) => {
    await using owner = await startOwner(place, { script: OBEYS, limits: { [limit]: 0 } })
    await owner.hears({ warning: expect.stringContaining(sysctl) })
    await owner.hears({ state: 'running' })
    owner.say('exec')
    await owner.hears({ failed: 'exec', code: 'EWATCH', hint: expect.stringContaining(sysctl) })
    owner.say('stop')
    await owner.hears({ id: owner.id, state: 'stopped', exitCode: 5 })

    const unseen = plant(join(place.runRoot, 'exits'))
    owner.say(`${limit} 100`)
    await eventually(unseen.isGone).toBe(true)
    owner.say('remove')
    await owner.hears({ done: 'remove' })
    recordFault('27: no inotify instances, or watches', 'the sysctl is named; lifelines tell of exits')
  },
)
