import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../../src/types.ts'
import { type CliPlace, cliPlace, printed } from './place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

const cli = (...args: string[]) => place.cli(...args)
const list = async (...args: string[]) => JSON.parse((await cli('ps', '--format', 'json', ...args)).stdout)
const inspect = async (ref: string) => JSON.parse((await cli('inspect', ref)).stdout)[0]

test('a container through its life, verb by verb', async () => {
  const script = 'trap "exit 5" TERM; echo up; echo oops >&2; while :; do sleep 0.05; done'
  const made = await cli('create', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', script)
  const id = made.stdout.trim()
  expect(made.stdout).toMatch(/^[0-9a-f]{12,64}\n$/)
  expect(await list()).toEqual([])
  expect((await list('-a')).map((info: object) => Object.keys(info))).toEqual([
    ['id', 'name', 'state', 'pid', 'exitCode', 'generation', 'createdAt', 'startedAt', 'finishedAt'],
  ])

  expect(await cli('start', 'web')).toMatchObject({ exitCode: 0, stdout: 'web\n', stderr: '' })
  expect(await list()).toMatchObject([
    { id, name: 'web', state: 'running', pid: expect.any(Number), generation: 1 },
  ])
  expect((await cli('ps')).stdout).toMatch(/^CONTAINER ID +COMMAND +CREATED +STATUS +NAMES\n.* Up .* web\n$/)
  expect((await cli('ps', '-q')).stdout).toBe(`${id.slice(0, 12)}\n`)
  const again = await cli('start', 'web')
  expect(again.exitCode).toBe(125)
  expect(again.stderr).toContain('it is running')

  expect((await cli('pause', id.slice(0, 12))).stdout).toBe(`${id.slice(0, 12)}\n`)
  expect(await inspect('web')).toMatchObject({ id, state: 'paused' })
  expect((await cli('unpause', id)).stdout).toBe(`${id}\n`)

  const waiting = cli('wait', 'web')
  expect(await cli('stop', '-t', '20', 'web')).toMatchObject({ exitCode: 0, stdout: 'web\n' })
  expect((await waiting).stdout).toBe('5\n')
  await expect.poll(async () => (await inspect('web')).state).toBe('exited')
  expect((await cli('ps', '-a')).stdout).toContain('Exited (5) ')
  expect(await inspect('web')).toMatchObject({ exitCode: 5, exit: { cause: 'stopped-by-user', code: 5 } })

  const logs = await cli('logs', 'web')
  expect(logs).toMatchObject({ stdout: 'up\n', stderr: 'oops\n', exitCode: 0 })
  expect((await cli('logs', '-t', 'web')).stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+ up\n$/)
  expect(await cli('rm', 'web')).toMatchObject({ exitCode: 0, stdout: 'web\n' })
  expect((await cli('wait', id)).stdout).toBe('5\n')
  expect(await list('-a')).toEqual([])
})

test('several at once: each result in its place, and one that fails does not keep the others', async () => {
  await Promise.all(
    [1, 2].map((code) =>
      cli('run', '-d', '--name', `n${code}`, '--rootfs', place.rootfs, 'sh', '-c', `exit ${code}`),
    ),
  )
  const waited = await cli('wait', 'n2', 'nosuch', 'n1')
  expect(waited).toMatchObject({ exitCode: 125, stdout: '2\n1\n' })
  expect(waited.stderr).toContain('"nosuch"')
  const seen = await cli('inspect', 'n1', 'nosuch')
  expect(seen.exitCode).toBe(125)
  expect(JSON.parse(seen.stdout)).toMatchObject([{ name: 'n1' }])
  expect(await cli('rm', 'n1', 'nosuch', 'n2')).toMatchObject({ exitCode: 125, stdout: 'n1\nn2\n' })
})

test('a name that is taken is refused, and the holder left alone', async () => {
  await cli('create', '--name', 'one', '--rootfs', place.rootfs, 'true')
  const second = await cli('create', '--name', 'one', '--rootfs', place.rootfs, 'true')
  expect(second).toMatchObject({ exitCode: 125, stdout: '' })
  expect(second.stderr).toMatch(/^runchart: .*one.*\nhint: .+\n$/)
  expect((await list('-a')).filter(({ name }: { name: string }) => name === 'one')).toHaveLength(1)

  expect((await cli('rm', '-f', 'one')).exitCode).toBe(0)
})

test('a running container is removed only by force', async () => {
  const running = place.sh('echo ready; sleep 1000', '--name', 'busy')
  await printed(running, 'ready')
  const refused = await cli('rm', 'busy')
  expect(refused.exitCode).toBe(125)
  expect(await inspect('busy')).toMatchObject({ state: 'running' })
  expect((await cli('rm', '-f', 'busy')).exitCode).toBe(0)
  expect((await running).exitCode).toBe(137)
})

test('logs -f goes on until the exit, and logs of a run that ended end', async () => {
  const script = 'trap "echo two; exit" TERM; echo one; while :; do sleep 0.05; done'
  await place.sh(script, '-d', '--name', 'talk')
  const following = cli('logs', '-f', 'talk')
  await printed(following, 'one')
  await cli('kill', '-s', 'TERM', 'talk')
  expect(await following).toMatchObject({ stdout: 'one\ntwo\n', exitCode: 0 })
  expect((await cli('logs', '-f', 'talk')).stdout).toBe('one\ntwo\n')
  await cli('rm', 'talk')
})

test('events: what is recorded, since a number, and live', async () => {
  const read = (text: string): EngineEvent[] =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const before = read((await cli('events', '--format', 'json')).stdout)
  const last = before.at(-1)?.seq ?? 0
  expect(before.map(({ seq }) => seq)).toEqual(
    [...before.keys()].map((index) => index + (before[0]?.seq ?? 0)),
  )

  const live = cli('events', '-f', '--since', String(last), '--format', 'json')
  const { stdout } = await place.sh('exit 3', '-d', '--name', 'seen')
  await printed(live, '"to":"exited"')
  live.kill('SIGTERM')
  await live
  const since = read((await cli('events', '--since', String(last), '--format', 'json')).stdout)
  expect(since[0]).toMatchObject({ seq: last + 1, containerId: stdout.trim(), name: 'seen', from: null })
  expect(since.at(-1)).toMatchObject({ type: 'state', to: 'exited', exitCode: 3, generation: 1 })
  expect((await live).stdout).toBe(since.map((event) => `${JSON.stringify(event)}\n`).join(''))
  expect((await cli('events', '--since', String(last))).stdout).toContain('cleaning -> exited exit code 3')
  expect((await cli('events', '--since', '999999999')).stdout).toBe('')
  await cli('rm', 'seen')
})

test.for([
  ['kill', '-s', 'NOSUCH', 'x1'],
  ['kill', 'nosuch'],
  ['stop', '..'],
  ['logs', '-f', '/etc/passwd'],
  ['start', ''],
  ['pause', 'x'.repeat(300)],
  ['wait', 'nosuch'],
])('%j fails with 125, says why, and prints nothing', async (args) => {
  const { exitCode, stdout, stderr } = await cli(...args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
  expect(stderr).toMatch(/^runchart: .+/)
})

test('labels: given when it is made, and listed by', async () => {
  const make = (...flags: string[]) => cli('create', ...flags, '--rootfs', place.rootfs, 'true')
  await make('--name', 'la', '--label', 'tier=web', '-l', 'team')
  await make('--name', 'lb', '--label', 'tier=a=b')
  const names = async (...filters: string[]) =>
    (await list('-a', ...filters.flatMap((filter) => ['--filter', filter]))).map(
      (each: { name: string }) => each.name,
    )
  expect(await inspect('la')).toMatchObject({ labels: { tier: 'web', team: '' } })
  expect(await names('label=tier')).toEqual(['lb', 'la'])
  expect(await names('label=tier=a=b')).toEqual(['lb'])
  expect(await names('label=tier', 'label=team')).toEqual(['la'])
  expect(await names('label=ti&er')).toEqual([])
  const wrong = await cli('ps', '--filter', 'status=running')
  expect(wrong).toMatchObject({ exitCode: 125, stdout: '' })
  expect(wrong.stderr).toContain('Give label=NAME, or label=NAME=VALUE.')
  await cli('rm', 'la', 'lb')
})

test('a create with a key can be asked again', async () => {
  const make = (...command: string[]) =>
    cli('create', '--name', 'once', '--key', 'k', '--rootfs', place.rootfs, ...command)
  const first = await make('true')
  expect(await make('true')).toMatchObject({ exitCode: 0, stdout: first.stdout })
  const other = await make('false')
  expect(other).toMatchObject({ exitCode: 125, stdout: '' })
  expect(other.stderr).toContain('the key "k" is that of container once')
  await cli('rm', 'once')
})
