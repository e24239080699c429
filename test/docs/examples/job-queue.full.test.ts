import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type Job, JobQueue, type QueueOptions, type Result } from '../../../docs/examples/job-queue.ts'
import type { Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const job = (id: string, script: string, timeLimit = 600): Job => ({
  ...{ id, timeLimit },
  command: ['sh', '-c', script],
})

const queueOf = (engine: Engine, options: Partial<QueueOptions> = {}): JobQueue =>
  new JobQueue(engine, { container: { rootfs: place.rootfs }, limit: 2, grace: 1, ...options })

/** In the root file system that all jobs share. */
const shared = (name: string): string => join(place.rootfs, name)

/** A script that goes on once there is a file of that name. */
const until = (name: string): string => `while [ ! -e /${name} ]; do sleep 0.05; done`

test('a result has exit code, cause and output, of both streams', async () => {
  const queue = queueOf(await place.open())
  const result = await queue.run(job('a', 'echo one; echo two; printf three; exit 3'))
  expect(result).toMatchObject({ id: 'a', exitCode: 3, cause: 'exited', isOverTime: false })
  expect(result.output).toBe('one\ntwo\nthree')
  // Not in one job: nobody can say in which order two streams are read.
  expect(await queue.run(job('b', 'echo sorry >&2; exit 1'))).toMatchObject({ output: 'sorry\n' })
})

test('as many run at once as the limit says, and no more', async () => {
  const engine = await place.open()
  const queue = queueOf(engine)
  // The first two end only if they run at the same time.
  const jobs = [
    job('a', `touch /a; ${until('b')}`),
    job('b', `touch /b; ${until('a')}`),
    ...['c', 'd', 'e'].map((id) => job(id, 'true')),
  ]
  const results = await Promise.all(jobs.map((each) => queue.run(each)))
  expect(results.map(({ id, exitCode }) => [id, exitCode])).toEqual(jobs.map(({ id }) => [id, 0]))
  let alive = 0
  let most = 0
  for (const event of engine.events.past(0)) {
    if (event.type !== 'state') continue
    if (event.from === null) alive += 1
    if (event.to === 'stopped') alive -= 1
    most = Math.max(most, alive)
  }
  expect(most).toBe(2)
})

test('a job over its time limit is asked to end, then killed; one that ends when asked says how', async () => {
  const queue = queueOf(await place.open())
  const loop = 'while :; do sleep 0.1; done'
  const [deaf, polite] = await Promise.all([
    queue.run(job('deaf', `trap 'echo no' TERM; ${loop}`, 5)),
    queue.run(job('polite', `trap 'echo bye; exit 3' TERM; ${loop}`, 5)),
  ])
  const late = { isOverTime: true, cause: 'stopped-by-user' }
  expect(deaf).toMatchObject({ ...late, exitCode: 137, output: 'no\n' })
  expect(polite).toMatchObject({ ...late, exitCode: 3, output: 'bye\n' })
})

test('a result can be asked for again until it is forgotten', async () => {
  const engine = await place.open()
  const queue = queueOf(engine)
  const once = job('once', 'echo ran >> /ran')
  expect(await queue.run(once)).toEqual(await queue.run(once))
  expect(readFileSync(shared('ran'), 'utf8')).toBe('ran\n')
  await queue.forget(once)
  expect(engine.containers.value).toEqual([])
})

test('the next queue counts the time that a job has had already', async () => {
  const first = await place.open()
  const long = job('long', 'echo on; exec sleep 1000', 600)
  const cutOff = queueOf(first).run(long)
  await Promise.all([expect(cutOff).rejects.toMatchObject({ code: 'ECLOSED' }), closeOnceRunning(first)])
  const later = Date.now() + 700_000
  vi.spyOn(Date, 'now').mockImplementation(() => later)
  onTestFinished(() => void vi.restoreAllMocks())
  expect(await queueOf(await place.open()).run(long)).toMatchObject({ isOverTime: true, output: 'on\n' })
})

async function closeOnceRunning(engine: Engine): Promise<void> {
  for await (const event of engine.events.since(0)) {
    if (event.type === 'state' && event.to === 'running') break
  }
  await engine.close()
}

test('killed, and started again, the program takes up what ran on, and no job runs twice', async () => {
  const noted = (id: string, script: string, timeLimit?: number) =>
    job(id, `echo ${id} >> /ran; ${script}`, timeLimit)
  const jobs = [
    noted('over', 'exit 4'),
    noted('meanwhile', `${until('while-dead')}; echo done; echo meanwhile >> /ended; exit 5`),
    noted('long', `${until('again')}; echo done; exit 6`),
    noted('waiting', 'exit 7'),
    noted('endless', `trap 'echo no' TERM; while :; do sleep 0.1; done`, 3),
  ]
  writeFileSync(join(place.path, 'jobs.json'), JSON.stringify(jobs))
  const first = program()
  await expect.poll(() => lines(shared('ran'))).toEqual(expect.arrayContaining(['over', 'meanwhile', 'long']))
  first.kill('SIGKILL')
  expect(await once(first, 'exit')).toEqual([null, 'SIGKILL'])
  expect(results().map(({ id }) => id)).toEqual(['over'])

  writeFileSync(shared('while-dead'), '')
  await expect.poll(() => lines(shared('ended'))).toEqual(['meanwhile'])
  const second = program()
  writeFileSync(shared('again'), '')
  expect(await once(second, 'exit')).toEqual([0, null])

  expect(lines(shared('ran')).sort()).toEqual(['endless', 'long', 'meanwhile', 'over', 'waiting'])
  const told = results().map(({ id, exitCode, output, isOverTime }) => [id, exitCode, output, isOverTime])
  expect(told.sort()).toEqual([
    ['endless', 137, 'no\n', true],
    ['long', 6, 'done\n', false],
    ['meanwhile', 5, 'done\n', false],
    ['over', 4, '', false],
    ['waiting', 7, '', false],
  ])
  expect(place.leftovers()).toEqual([])
})

/** Ended with the test, whatever becomes of it. */
function program(): ChildProcess {
  const path = join(import.meta.dirname, '../../../docs/examples/job-queue.ts')
  const child = spawn(process.execPath, [path, place.path, place.rootfs], { stdio: 'inherit' })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

const results = (): Result[] =>
  lines(join(place.path, 'results.jsonl')).map((line) => JSON.parse(line) as Result)
