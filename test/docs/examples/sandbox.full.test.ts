import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Limits, type Outcome, Sandbox } from '../../../docs/examples/sandbox.ts'
import type { Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  engine = await place.open({ logSizeMax: 1024 ** 2 })
})

/** No test is about the deadline unless it says so. */
const PATIENT = { deadline: 600 }

interface Told extends Outcome {
  stdout: string
  stderr: string
}

/** Runs a snippet, and shows that nothing of it is left. */
async function run(snippet: string, limits: Partial<Limits> = {}): Promise<Told> {
  const text = { stdout: '', stderr: '' }
  const sandbox = new Sandbox(engine, place.rootfs, { ...PATIENT, ...limits })
  const outcome = await sandbox.run(['sh', '-c', snippet], ({ stream, data }) => {
    text[stream] += data
  })
  expect(engine.containers.value).toEqual([])
  expect(place.leftovers()).toEqual([])
  return { ...outcome, ...text }
}

test('a snippet’s output and exit code are its own', async () => {
  const told = await run('echo hello; echo oh >&2; exit 7')
  expect(told).toMatchObject({ end: 'finished', exitCode: 7, stdout: 'hello\n', stderr: 'oh\n' })
})

test('output is told as it comes, not at the end', async () => {
  const sandbox = new Sandbox(engine, place.rootfs, PATIENT)
  const first = Promise.withResolvers<string>()
  const givenUp = new AbortController()
  const outcome = sandbox.run(
    ['sh', '-c', 'echo first; exec sleep 1000'],
    ({ data }) => first.resolve(String(data)),
    { signal: givenUp.signal },
  )
  expect(await first.promise).toBe('first\n')
  expect(engine.containers.value).toMatchObject([{ exitCode: null, finishedAt: null }])
  givenUp.abort(new Error('enough'))
  await expect(outcome).rejects.toThrow('enough')
  expect(engine.containers.value).toEqual([])
})

test('it is nobody, with no capability and no network', async () => {
  const { stdout } = await run('id -u; id -g; grep CapEff /proc/self/status; cat /proc/net/dev')
  const [uid, gid, capabilities, ...devices] = stdout.trim().split('\n')
  expect([uid, gid]).toEqual(['65534', '65534'])
  expect(capabilities).toMatch(/:\s+0+$/)
  expect(devices.flatMap((line) => /^\s*(\w+):/.exec(line)?.[1] ?? [])).toEqual(['lo'])
})

test('a write to the root is refused, to root’s files and to anybody’s', async () => {
  const told = await run('echo x > /tmp/x')
  expect(told).toMatchObject({ end: 'finished', exitCode: 1 })
  expect(told.stderr).toContain('Read-only file system')
  expect(existsSync(join(place.rootfs, 'tmp/x'))).toBe(false)
  const before = statSync(join(place.rootfs, 'bin/busybox')).mtimeMs
  expect((await run('rm -f /bin/busybox')).exitCode).toBe(1)
  expect(statSync(join(place.rootfs, 'bin/busybox')).mtimeMs).toBe(before)
})

test('what forks without end is refused more processes, and all of them are ended at the deadline', async () => {
  const bomb = 'bomb() { bomb | bomb & }; bomb; while :; do sleep 1; done'
  const told = await run(bomb, { deadline: 2, pids: 16 })
  expect(told.stderr).toContain("can't fork")
  // Its first process has ended by itself where it was refused one.
  expect(['deadline', 'finished']).toContain(told.end)
})

test('what eats memory is killed by the kernel, and this is said', async () => {
  const told = await run('exec dd if=/dev/zero of=/dev/null bs=512M', { memory: 32 * 1024 ** 2 })
  expect(told).toMatchObject({ end: 'out of memory', exitCode: 137 })
  expect(told.memoryPeak).toBeLessThanOrEqual(32 * 1024 ** 2)
})

test('what ignores SIGTERM is killed once the deadline and the grace have passed', async () => {
  const told = await run('trap "echo no" TERM; echo on; while :; do sleep 0.1; done', { deadline: 5 })
  expect(told).toMatchObject({ end: 'deadline', exitCode: 137, stdout: 'on\nno\n' })
})

test('what ends at SIGTERM has its own exit code, and is known to be late all the same', async () => {
  const told = await run('trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done', {
    ...{ deadline: 5, grace: 600 },
  })
  expect(told).toMatchObject({ end: 'deadline', exitCode: 3, stdout: 'bye\n' })
})

test('what writes without end is stopped at its limit of output', async () => {
  const told = await run('exec yes', { output: 100_000 })
  expect(told).toMatchObject({ end: 'output limit', exitCode: 137 })
  expect(told.stdout).toHaveLength(100_000)
})

test('run as a program it prints the output, then the outcome', async () => {
  const program = join(import.meta.dirname, '../../../docs/examples/sandbox.ts')
  const words = [program, place.rootfs, 'sh', '-c', 'echo hello; exit 7']
  const { stdout } = await promisify(execFile)(process.execPath, words)
  expect(stdout).toContain("hello\n{ end: 'finished', exitCode: 7")
})
