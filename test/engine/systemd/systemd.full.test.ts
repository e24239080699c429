import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRootfs } from '../../fixtures/rootfs.ts'
import { bootSystemd, type SystemdMachine, whyNoSystemd } from './machine.ts'

const LIFE = join(import.meta.dirname, 'life.ts')

const reason = await whyNoSystemd()
let machine: SystemdMachine
let runs = 0

beforeAll(async () => {
  if (reason === undefined) machine = await bootSystemd()
}, 600_000)
afterAll(() => machine?.[Symbol.asyncDispose]())

/** A container's life; see the fixture for what it tells. */
async function live(...args: string[]) {
  runs += 1
  const path = join(machine.path, `life-${runs}`)
  mkdirSync(path)
  await makeRootfs(path)
  return JSON.parse(await machine.run(process.execPath, LIFE, path, ...args))
}

describe('under a real systemd as cgroup manager', () => {
  test('conmon has a scope of its own beside its container, before the container and as long as it lives', async ({
    skip,
  }) => {
    if (reason !== undefined) skip(reason)
    const { id, created, running, code, again, gone, warnings } = await live()
    const monitor = [`/machine.slice/runchart-conmon-${id}.scope`]
    expect(created).toEqual({ monitor, states: ['active', 'active'] })
    expect(running).toEqual({
      monitor,
      container: [`/machine.slice/runchart-${id}.scope`],
      states: ['active', 'active'],
      slices: ['machine.slice', 'machine.slice'],
      memory: String(64 * 1024 ** 2),
    })
    expect(code).toBe(7)
    expect(again).toEqual(['active', 'active'])
    expect(gone).toEqual({ states: ['inactive', 'inactive'], directories: [] })
    expect(warnings).toEqual([])
  })

  test('both are below the slice that the container names', async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const { id, running, warnings } = await live('ci-job.slice')
    expect(running.monitor).toEqual([`/ci.slice/ci-job.slice/runchart-conmon-${id}.scope`])
    expect(running.container).toEqual([`/ci.slice/ci-job.slice/runchart-${id}.scope`])
    expect(warnings).toEqual([])
  })

  test('a systemd that does not answer is warned of, and the container lives', async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    await machine.run('mount', '--bind', '/bin/false', '/usr/bin/busctl')
    const { running, code, warnings } = await live().finally(() => machine.run('umount', '/usr/bin/busctl'))
    expect(running.monitor).toEqual([])
    expect(running.states).toEqual(['inactive', 'active'])
    expect(code).toBe(7)
    // One for each of the two runs.
    expect(warnings).toEqual(Array(2).fill('conmon could not be moved to a cgroup of its own'))
  })
})
