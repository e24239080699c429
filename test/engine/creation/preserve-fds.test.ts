import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPreserved } from '../../../src/engine/creation/descriptors.ts'
import { type Container, type Engine, InvalidInputError } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
})
afterAll(() => place[Symbol.asyncDispose]())

/** What the present run of a container has printed, once it is over. */
async function output(container: Container): Promise<string> {
  const { at = '' } = [...engine.events.past(0)].at(-1) ?? {}
  await container.start()
  await container.wait()
  const lines: string[] = []
  for await (const line of container.logs()) if (line.at >= at) lines.push(line.data.toString())
  return lines.join('\n')
}

test('the descriptors of the caller are 3, 4, … of the first run, whatever their numbers were', async () => {
  const [from, to] = [join(place.path, 'from'), join(place.path, 'to')]
  writeFileSync(from, 'read me\n')
  const fds = [openSync(to, 'w'), openSync(from, 'r')]
  const container = await place.sh(engine, 'echo written >&3; cat <&4', { preserveFds: fds })
  // It is created, and has them: the caller needs them no longer.
  for (const fd of fds) closeSync(fd)
  expect(await output(container)).toBe('read me')
  expect(readFileSync(to, 'utf8')).toBe('written\n')
  await container.remove()
  expect(place.leftovers()).toEqual([])
})

test('a later run has none', async () => {
  const path = join(place.path, 'once')
  writeFileSync(path, '')
  const fd = openSync(path, 'a')
  const script = 'if [ -e /proc/self/fd/3 ]; then echo there >&3; else exit 9; fi'
  const container = await place.sh(engine, script, { preserveFds: [fd] })
  await container.start()
  expect(await container.wait()).toMatchObject({ code: 0, generation: 1 })
  await container.start()
  expect(await container.wait()).toMatchObject({ code: 9, generation: 2 })
  expect(readFileSync(path, 'utf8')).toBe('there\n')
  closeSync(fd)
  await container.remove()
  expect(place.leftovers()).toEqual([])
})

test.for([
  [[-1], 'descriptor -1'],
  [[1.5], 'descriptor 1.5'],
  [['3'], 'descriptor "3"'],
  [[0, 99_999], 'descriptor 99999'],
  [3, 'descriptors 3'],
  [Array(513).fill(0), 'descriptors'],
] as unknown as [number[], string][])('%j is refused, and nothing is made', async ([preserveFds, words]) => {
  const before = engine.snapshot()
  const creation = place.sh(engine, 'true', { preserveFds })
  await expect(creation).rejects.toThrow(InvalidInputError)
  await expect(creation).rejects.toThrow(`invalid ${words}`)
  expect(engine.snapshot()).toEqual(before)
})

test('they are refused beside sockets of a service manager, which begin at 3 too', () => {
  expect(() => readPreserved([0], [3])).toThrow(/beside sockets of a service manager/)
  expect(readPreserved([], [3])).toEqual([])
  expect(readPreserved(undefined, [3])).toEqual([])
})

test('inspect tells what network was asked for', async () => {
  const container = await place.sh(engine, 'true', { network: 'none' })
  expect(container.inspect().network).toBe('none')
  await container.remove({ force: true })
  const other = await place.sh(engine, 'true')
  expect(other.inspect().network).toBeNull()
  await other.remove({ force: true })
})
