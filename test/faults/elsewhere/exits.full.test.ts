import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import { cliPlace, waits } from '../../cli/place.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { askRuntime, cgroupsOf, eventually, exitFile, gone, pidsOf, running } from './lab.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 1: an exit whose runtime state is gone before its file is there has its true code', async () => {
  const answered = join(place.path, 'answered')
  const answer = `${findProgram(TEST_RUNTIME)} "$@"; code=$?; echo >> ${answered}; exit $code`
  const engine = await place.open({ runtime: runtimeThat(place.path, 'state', answer) })
  const container = await running(place, engine)
  const { pid, monitor } = pidsOf(container)
  process.kill(monitor, 'SIGSTOP')
  process.kill(pid, 'SIGTERM')
  await gone(pid)
  rmSync(join(place.runRoot, 'runtime', container.id), { recursive: true })
  expect((await askRuntime(place, 'state', container.id)).stderr).toMatch(/does not exist|no such file/i)

  const refreshed = container.refresh()
  await eventually(() => existsSync(answered)).toBe(true)
  // Time for a wrong conclusion.
  await delay(300)
  expect(existsSync(exitFile(place, container))).toBe(false)
  expect(container.state).toBe('reconciling')

  process.kill(monitor, 'SIGCONT')
  await refreshed
  expect(await container.wait()).toMatchObject({ code: 5, cause: 'exited' })
  await eventually(() => container.state).toBe('exited')
  expect(place.leftovers()).toEqual([])
  expect(cgroupsOf(container)).toEqual([])
  recordFault('01: runtime state gone before the exit file', 'the true exit code')
})

/** A file system of a megabyte in memory, mounted until it is disposed of. */
async function smallDisk(): Promise<{ path: string; fill: () => void } & AsyncDisposable> {
  const path = await mkdtemp(join(place.path, 'disk-'))
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', path])
  return {
    path,
    fill: () => writeFileSync(join(path, 'ballast'), Buffer.alloc(2 ** 21)),
    async [Symbol.asyncDispose]() {
      await execa('umount', ['--lazy', path])
      await rmdir(path)
    },
  }
}

test('failure 3: a full disk that takes no exit file leaves no container running for ever', async () => {
  await using disk = await smallDisk()
  const engine = await place.open({ runRoot: disk.path })
  const container = await running(place, engine)
  expect(disk.fill).toThrow('ENOSPC')
  const { seq } = engine.snapshot()

  process.kill(pidsOf(container).pid, 'SIGTERM')
  expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  expect([...engine.events.past(seq)].map(({ type }) => type)).toContain('monitor.lost')
  await eventually(() => container.state).toBe('exited')
  await container.remove()
  await engine.close()
  recordFault('03: no space for the exit file', 'exited with −1, cause monitor-lost')
})

test('failure 4: exit files do not pile up: both are there until the exit is committed, and then gone', async () => {
  const count = 10
  const engine = await place.open()
  const containers = await Promise.all(Array.from({ length: count }, () => running(place, engine)))
  const seen: unknown[] = []
  engine.events.subscribe((event) => {
    if (event.type !== 'state' || event.to !== 'stopped') return
    const { id, name } = { id: event.containerId, name: event.name }
    const files = [exitFile(place, { id }), join(place.runRoot, 'containers', id, 'exit')]
    seen.push({ files: files.map((path) => existsSync(path)), code: engine.exitRecord(name).code })
  })
  await Promise.all(containers.map((container) => container.stop()))
  await eventually(() => containers.map(({ state }) => state)).toEqual(Array(count).fill('exited'))
  expect(seen).toEqual(Array(count).fill({ files: [true, true], code: 5 }))
  expect(place.leftovers()).toEqual([])
  recordFault('04: two exit files for each run', 'removed once the exit is committed', count)
})

test('failure 8: a waiter that comes after the clean-up has the exit code', async () => {
  const engine = await place.open()
  const container = await running(place, engine)
  const afterCleaning = new Promise((resolve) => {
    engine.events.subscribe((event) => {
      if (event.type === 'state' && event.to === 'removed') resolve(container.wait())
    })
  })
  process.kill(pidsOf(container).pid, 'SIGTERM')
  await eventually(() => container.state).toBe('exited')
  await container.remove()
  expect(() => engine.get(container.id)).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }))

  expect(await afterCleaning).toMatchObject({ code: 5, cause: 'exited' })
  expect(engine.exitRecord(container.id, 1)).toMatchObject({ code: 5 })
  await engine.close()
  expect((await place.open()).exitRecord(container.name)).toMatchObject({ code: 5, generation: 1 })
  recordFault('08: cleaned up and removed before the wait', 'the exit record outlives the container')
})

test('failure 9: wait tells the exit code of a container that --rm has removed', async () => {
  await using there = await cliPlace()
  const script = 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 7'
  expect(await there.sh(script, '-d', '--rm', '--name', 'job')).toMatchObject({ exitCode: 0 })
  const early = [there.cli('wait', 'job'), there.cli('wait', 'job')]
  const owner = await there.owner()
  await Promise.all(early.map((verb) => waits(verb, owner)))
  writeFileSync(join(there.rootfs, 'tmp/go'), '')

  for (const verb of early) expect(await verb).toMatchObject({ exitCode: 0, stdout: '7\n' })
  await expect.poll(async () => (await there.cli('ps', '-aq')).stdout, { timeout: 30_000 }).toBe('')
  expect(await there.cli('wait', 'job')).toMatchObject({ exitCode: 0, stdout: '7\n' })
  recordFault('09: --rm came before the wait', 'wait tells the true code', 3)
})
