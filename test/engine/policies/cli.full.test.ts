import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { ContainerInfo, EngineEvent } from '../../../src/types.ts'
import { type CliPlace, cliPlace, MAIN } from '../../cli/place.ts'

let place: CliPlace
beforeEach(async () => {
  place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const inspect = async (): Promise<ContainerInfo> => JSON.parse((await place.cli('inspect', 'web')).stdout)[0]
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 40_000, interval: 100 })

/** `serve`, once it answers; killed, or already gone, when the test ends. */
async function serve(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...place.globals, 'serve', '--log-level', 'silent'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes('answers on')) return child
  }
  throw new Error('serve ended')
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

const FAILS_ONCE = '[ -e /tmp/second ] && exec sleep 1000; touch /tmp/second; exit 3'

test('a container is restarted, under serve and whoever asks', { timeout: 180_000 }, async () => {
  await serve()
  expect(await place.sh(FAILS_ONCE, '-d', '--name', 'web', '--restart', 'on-failure:3')).toMatchObject({
    exitCode: 0,
  })
  await eventually(inspect).toMatchObject({ state: 'running', generation: 2, restarts: 1 })
  expect((await inspect()).restart).toEqual({ policy: 'on-failure', maxRetries: 3, state: 'running' })
  const { stdout } = await place.cli('events', '--format', 'json')
  const events = stdout
    .trim()
    .split('\n')
    .map((line): EngineEvent => JSON.parse(line))
  expect(events).toContainEqual(expect.objectContaining({ type: 'restart.scheduled', attempt: 1 }))
  expect((await place.cli('events')).stdout).toMatch(/ web restart 1 in \d+ ms\n/)
})

test('an owner that is killed while a restart is put off leaves it to the next', {
  timeout: 180_000,
}, async () => {
  const first = await serve()
  await place.sh(
    'echo x >> /tmp/runs; [ -e /tmp/mended ] && exec sleep 1000; exit 3',
    '-d',
    '--name',
    'web',
    '--restart',
    'always',
  )
  await eventually(async () => (await inspect()).restarts).toBeGreaterThan(4)
  await eventually(async () => (await inspect()).restart?.state).toBe('backing-off')
  expect((await place.cli('ps')).stdout).toContain('Restarting (3)')
  await killed(first)
  writeFileSync(`${place.rootfs}/tmp/mended`, '')
  // Any verb brings up an owner, in the background.
  await eventually(async () => (await inspect()).state).toBe('running')
  expect((await inspect()).restarts).toBeGreaterThan(4)
})

test('a stop is kept by owners that are killed, until serve is started again', {
  timeout: 180_000,
}, async () => {
  const first = await serve()
  await place.sh('exit 3', '-d', '--name', 'web', '--restart', 'always')
  await eventually(async () => (await inspect()).restarts).toBeGreaterThan(3)
  expect(await place.cli('stop', 'web')).toMatchObject({ exitCode: 0 })
  const { generation } = await inspect()
  await killed(first)
  // This one is a verb's.
  expect(await inspect()).toMatchObject({
    state: 'exited',
    generation,
    restart: { state: 'stopped-by-user' },
  })
  await place.endOwner('SIGKILL')
  await serve()
  await eventually(async () => (await inspect()).generation).toBeGreaterThan(generation)
  expect(await place.cli('stop', 'web')).toMatchObject({ exitCode: 0 })
})

test('a policy that is none, or beside --rm, is refused', async () => {
  const wrong = await place.sh('true', '--restart', 'sometimes')
  expect(wrong).toMatchObject({ exitCode: 125, stdout: '' })
  expect(wrong.stderr).toContain('unless-stopped')
  const both = await place.sh('true', '--rm', '--restart', 'always')
  expect(both).toMatchObject({ exitCode: 125, stdout: '' })
  expect(both.stderr).toContain('--rm')
  expect((await place.cli('ps', '-aq')).stdout).toBe('')
})

test('ps shows the health, which a command of the flags asks for', { timeout: 180_000 }, async () => {
  await serve()
  const flags = ['--health-cmd', 'test ! -e /tmp/ill', '--health-interval', '200ms', '--health-retries', '1']
  expect(await place.sh('exec sleep 1000', '-d', '--name', 'web', ...flags)).toMatchObject({ exitCode: 0 })
  await eventually(async () => (await place.cli('ps')).stdout).toContain('(healthy)')
  writeFileSync(`${place.rootfs}/tmp/ill`, '')
  await eventually(async () => (await place.cli('ps')).stdout).toContain('(unhealthy)')
  expect((await place.cli('events')).stdout).toMatch(/ web healthy\n.* web unhealthy\n/)
})
