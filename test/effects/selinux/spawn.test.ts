import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type SelinuxPaths, spawnLabelled, spawnWithSocketLabel } from '../../../effects/selinux/spawn.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../fixtures/temporary.ts'

/** A kernel with SELinux on, as far as files can show one. */
function kernel({ path }: TemporaryDirectory, current: string): SelinuxPaths & { exec: () => string } {
  const [enforce, attributes] = [join(path, 'enforce'), join(path, 'attr')]
  mkdirSync(attributes)
  writeFileSync(enforce, '1')
  writeFileSync(join(attributes, 'current'), `${current}\0`)
  for (const name of ['exec', 'sockcreate']) writeFileSync(join(attributes, name), '')
  return { enforce, attributes, exec: () => readFileSync(join(attributes, 'exec'), 'utf8') }
}

test('during the spawn, and only then, the next program gets level s0', async () => {
  await using directory = await temporaryDirectory()
  const paths = kernel(directory, 'system_u:system_r:container_runtime_t:s0-s0:c0.c1023')
  expect(spawnLabelled(paths.exec, paths)).toBe('system_u:system_r:container_runtime_t:s0')
  expect(paths.exec()).toBe('\n')
})

test('a spawn that fails leaves no context behind', async () => {
  await using directory = await temporaryDirectory()
  const paths = kernel(directory, 'u:r:t:s0:c1')
  const fail = () => {
    throw new Error('cannot fork')
  }
  expect(() => spawnLabelled(fail, paths)).toThrow('cannot fork')
  expect(paths.exec()).toBe('\n')
})

test('an engine of level s0 sets nothing', async () => {
  await using directory = await temporaryDirectory()
  const paths = kernel(directory, 'u:r:t:s0')
  expect(spawnLabelled(paths.exec, paths)).toBe('')
  expect(paths.exec()).toBe('')
})

test('a context that cannot be set spawns nothing', async () => {
  await using directory = await temporaryDirectory()
  const { enforce, attributes } = kernel(directory, 'u:r:t:s0:c1')
  let spawned = false
  const spawn = () => {
    spawned = true
  }
  const paths = { enforce, attributes: join(attributes, 'nosuch') }
  expect(() => spawnLabelled(spawn, paths)).toThrow('ENOENT')
  expect(spawned).toBe(false)
})

test('without SELinux nothing is read or written', () => {
  const paths = { enforce: '/nonexistent/enforce', attributes: '/nonexistent' }
  expect(spawnLabelled(() => 7, paths)).toBe(7)
})

const CONTAINER = 'system_u:system_r:container_t:s0:c12,c900'

test('during the spawn, and only then, sockets get the label of the container', async () => {
  await using directory = await temporaryDirectory()
  const paths = kernel(directory, 'u:r:t:s0')
  const sockets = () => readFileSync(join(paths.attributes, 'sockcreate'), 'utf8')
  expect(spawnWithSocketLabel(CONTAINER, sockets, paths)).toBe(CONTAINER)
  expect(sockets()).toBe('\n')
  const fail = () => {
    throw new Error('cannot fork')
  }
  expect(() => spawnWithSocketLabel(CONTAINER, fail, paths)).toThrow('cannot fork')
  expect(sockets()).toBe('\n')
  expect(paths.exec()).toBe('')
})

test.for([[undefined], ['']] as const)('a container with label %j sets none', async ([label]) => {
  await using directory = await temporaryDirectory()
  const paths = kernel(directory, 'u:r:t:s0')
  const sockets = () => readFileSync(join(paths.attributes, 'sockcreate'), 'utf8')
  expect(spawnWithSocketLabel(label, sockets, paths)).toBe('')
  expect(sockets()).toBe('')
})

test('a label of sockets that cannot be set spawns nothing; without SELinux it is not looked at', async () => {
  await using directory = await temporaryDirectory()
  const { enforce, attributes } = kernel(directory, 'u:r:t:s0')
  let spawned = 0
  const spawn = () => {
    spawned += 1
    return spawned
  }
  const nowhere = { enforce, attributes: join(attributes, 'nosuch') }
  expect(() => spawnWithSocketLabel(CONTAINER, spawn, nowhere)).toThrow('ENOENT')
  expect(spawned).toBe(0)
  expect(spawnWithSocketLabel(CONTAINER, spawn, { ...nowhere, enforce: '/nonexistent/enforce' })).toBe(1)
})
