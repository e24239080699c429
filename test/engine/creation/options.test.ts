import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CreationOptions, creationSettings } from '../../../src/engine/creation/settings.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import type { EngineOptions } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { script } from '../../fixtures/programs.ts'

let place: TestPlace
beforeAll(async () => {
  place = await testPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

test.for([
  [{ cgroupManager: 'cgroups' }, 'cgroup manager "cgroups"'],
  [{ cgroupManager: '' }, 'cgroup manager ""'],
  [{ logSizeMax: -2 }, 'largest size of a log -2'],
  [{ logSizeMax: 1.5 }, 'largest size of a log 1.5'],
  [{ noPivot: 'yes' }, 'noPivot "yes"'],
  [{ reservePorts: 1 }, 'reservePorts 1'],
  [{ monitorLost: 'ignore' }, 'fate "ignore"'],
  [{ conmonEnv: { 'A=B': 'x' } }, 'variable "A=B"'],
  [{ conmonEnv: { A: 'x\0' } }, 'variable "A"'],
  [{ runtime: [] }, 'no runtime'],
] as unknown as [EngineOptions, string][])('%j is refused, and nothing is made', async ([options, words]) => {
  const root = join(place.path, 'untouched')
  await expect(place.open({ root, ...options })).rejects.toThrow(words)
  expect(statSync(root, { throwIfNoEntry: false })).toBeUndefined()
})

test('what is refused is bad input, by its class', () => {
  const options = { cgroupManager: 'none' } as unknown as CreationOptions
  expect(() => creationSettings(options, 'info')).toThrow(InvalidInputError)
})

test('everything has a default', () => {
  expect(creationSettings({}, 'info')).toMatchObject({
    conmonEnv: {},
    cgroupManager: 'cgroupfs',
    logSizeMax: -1,
    noPivot: false,
    reservePorts: false,
    monitorLost: 'kill',
  })
})

test.for([
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warning'],
  ['fatal', 'error'],
  ['silent', 'error'],
  ['shout', 'warning'],
] as const)('where the engine logs at %s, conmon does at %s', ([level, conmon]) => {
  expect(creationSettings({}, level).conmonLogLevel).toBe(conmon)
})

test('the first usable of several runtimes is taken', async () => {
  const wrapper = script(place.path, 'my-runc', 'exec /usr/sbin/runc "$@"')
  await using engine = await place.open({ runtime: ['/nonexistent/runc', '/bin/true', wrapper, 'runc'] })
  const container = await place.sh(engine, 'true')
  expect(container.inspect().runtime).toBe(wrapper)
  await container.remove({ force: true })
})

test('where none is usable, it is said of each why', async () => {
  const opening = place.open({ runtime: ['/nonexistent/runc', 'nosuch'] })
  await expect(opening).rejects.toThrow(/\/nonexistent\/runc does not exist; nosuch is in none of/)
})

test('exits and sockets are for the owner and its group, whatever an earlier run left', async () => {
  const runRoot = join(place.path, 'loose')
  for (const name of ['exits', 'socket']) {
    mkdirSync(join(runRoot, name), { recursive: true })
    chmodSync(join(runRoot, name), 0o777)
  }
  const umask = process.umask(0o077)
  await using _ = await place.open({ runRoot, root: join(place.path, 'loose-root') })
  process.umask(umask)
  for (const name of ['exits', 'socket']) expect(statSync(join(runRoot, name)).mode & 0o7777).toBe(0o750)
})
