import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeBundle } from '../fixtures/rootfs.ts'
import { type CliPlace, cliPlace, printed } from './place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

const isGone = async (name: string): Promise<boolean> => (await place.cli('inspect', name)).exitCode === 125

test.for([
  ['true', 0],
  ['exit 7', 7],
  ['sleep 0.1; exit 255', 255],
] as const)('%s: exits as the command did', async ([script, code]) => {
  const { exitCode, stderr } = await place.sh(script, '--rm')
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: '' })
})

test.for([
  ['nosuch', 127],
  ['/bin/nosuch', 127],
  ['/bin/not-executable', 126],
  ['/etc', 126],
] as const)('%s: the command cannot be run', async ([command, code]) => {
  const { exitCode, stdout, stderr } = await place.cli('run', '--rootfs', place.rootfs, command)
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
  expect(stderr).toMatch(/^runchart: .+/)
  expect((await place.cli('ps', '-aq')).stdout).toBe('')
})

test('stdout and stderr are kept apart, byte for byte', async () => {
  const script = 'printf "out\\377\\000\\n\\nno end"; printf "err 1\\nerr 2" >&2'
  const verb = place.cli('run', '--rm', '--rootfs', place.rootfs, 'sh', '-c', script)
  const chunks: Buffer[] = []
  verb.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const { stderr } = await verb
  expect(Buffer.concat(chunks)).toEqual(Buffer.from('out\xff\0\n\nno end', 'latin1'))
  expect(stderr).toBe('err 1\nerr 2')
})

test('output arrives before the end, also half a line', async () => {
  const verb = place.sh('trap "exit 0" TERM; printf "name? "; while :; do sleep 0.05; done', '--rm')
  await printed(verb, 'name? ')
  verb.kill('SIGTERM')
  expect((await verb).exitCode).toBe(0)
})

test('a lot of output is all there at the end', async () => {
  const { stdout, exitCode } = await place.sh('seq 50000; exit 3', '--rm')
  expect(exitCode).toBe(3)
  expect(stdout.split('\n')).toHaveLength(50_001)
  expect(stdout.endsWith('\n49999\n50000\n')).toBe(true)
})

test.for(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('%s reaches the container', async (signal) => {
  const name = signal.slice(3)
  const script = `trap 'echo got ${name}; exit 9' ${name}; echo ready; while :; do sleep 0.05; done`
  const verb = place.sh(script, '--rm', '--name', signal)
  await printed(verb, 'ready')
  verb.kill(signal)
  const { exitCode, stdout } = await verb
  expect(exitCode).toBe(9)
  expect(stdout).toContain(`got ${name}`)
  expect(await isGone(signal)).toBe(true)
})

test('a kill from another terminal is 137, a stop 143', async () => {
  const killed = place.sh('echo ready; sleep 1000', '--name', 'killed')
  await printed(killed, 'ready')
  expect((await place.cli('kill', 'killed')).stdout).toBe('killed\n')
  expect((await killed).exitCode).toBe(137)
  const stopped = place.sh(
    'echo ready; trap "exit 143" TERM; while :; do sleep 0.05; done',
    '--name',
    'stopped',
  )
  await printed(stopped, 'ready')
  expect((await place.cli('stop', 'stopped')).stdout).toBe('stopped\n')
  expect((await stopped).exitCode).toBe(143)
  await place.cli('rm', 'killed', 'stopped')
})

test('--rm removes on every way out', async () => {
  const verb = place.sh('yes', '--rm', '--name', 'noisy')
  await printed(verb, 'y\n')
  verb.stdout.destroy()
  const { exitCode, stderr } = await verb
  expect({ exitCode, stderr }).toEqual({ exitCode: 141, stderr: '' })
  expect(await isGone('noisy')).toBe(true)
})

test('--rm holds also where the verb is killed, or has left', async () => {
  const killed = place.sh('echo ready; sleep 1', '--rm', '--name', 'orphan')
  await printed(killed, 'ready')
  killed.kill('SIGKILL')
  await killed
  expect(await isGone('orphan')).toBe(false)
  const { stdout } = await place.sh('sleep 0.2; exit 4', '-d', '--rm', '--name', 'detached')
  expect((await place.cli('wait', stdout.trim())).stdout).toBe('4\n')
  await expect.poll(() => isGone('detached'), { timeout: 10_000 }).toBe(true)
  await expect.poll(() => isGone('orphan'), { timeout: 10_000 }).toBe(true)
})

test('options end where the command begins', async () => {
  const { stdout } = await place.cli(
    ...['run', '--rm', '--rootfs', place.rootfs, '-e', 'A=1', '-e', 'B=x y', '-w', '/tmp', '-h', 'box'],
    ...['sh', '-c', 'echo "$A $B $PWD $(hostname) $@"', 'sh', '--rm', '-e', '--name'],
  )
  expect(stdout).toBe('1 x y /tmp box --rm -e --name\n')
})

test('a bundle runs as it is, or with another command', async () => {
  const bundle = await makeBundle(`${place.path}/bundle`, { args: ['echo', 'its own'], rootfs: place.rootfs })
  expect((await place.cli('run', '--rm', '--bundle', bundle)).stdout).toBe('its own\n')
  expect((await place.cli('run', '--rm', '--bundle', bundle, 'echo', 'other')).stdout).toBe('other\n')
})

test.for([
  [['--name', '../x'], 'name'],
  [['--name', ''], 'name'],
  [['--name', '-x'], 'name'],
  [['--stop-signal', 'NOSUCH'], 'signal'],
  [['--hostname', 'a b'], 'host name'],
  [['--workdir', 'relative'], 'working directory'],
  [['-e', '=x'], 'environment'],
] as const)('%j is refused with a hint, and nothing is made', async ([flags, word]) => {
  const { exitCode, stdout, stderr } = await place.cli('run', ...flags, '--rootfs', place.rootfs, 'true')
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
  expect(stderr).toContain(word)
  expect(stderr).toMatch(/^runchart: .+\nhint: .+\n$/)
  expect((await place.cli('ps', '-aq')).stdout).toBe('')
})

test('what a container is made of must be said, and be there', async () => {
  const nothing = await place.cli('run', 'true')
  const missing = await place.cli('run', '--rootfs', '/nonexistent', 'true')
  const empty = await place.cli('run', '--bundle', '', 'true')
  for (const { exitCode, stderr } of [nothing, missing, empty]) {
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^runchart: .+/)
  }
})
