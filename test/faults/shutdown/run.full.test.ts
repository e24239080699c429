import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type CliPlace, cliPlace, isAlive, printed, runchart, type Verb } from '../../cli/place.ts'
import { heldRuntime } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'

vi.setConfig({ testTimeout: 180_000 })

let place: CliPlace
beforeEach(async () => {
  place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Not the verb's own `kill`, which sends SIGKILL after it where it thinks that it takes too long. */
const send = ({ pid = 0 }: Verb, signal: NodeJS.Signals): void => void process.kill(pid, signal)

const LOOP = 'while :; do sleep 0.05; done'
const OBEYS = `trap 'exit 143' TERM HUP; echo ready; ${LOOP}`
const IGNORES = `trap 'echo no' TERM; echo ready; ${LOOP}`

/** `run --rm` of a script, by an owner elsewhere or in its own process. */
function run(script: string, ...globals: string[]): Verb {
  const args = ['run', '--rm', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', script]
  return runchart([...place.globals, ...globals, ...args])
}

const containers = async (): Promise<string> => (await place.cli('ps', '-aq')).stdout

describe.each([
  ['with an owner elsewhere', []],
  ['embedded', ['--embedded']],
] as const)('run --rm, %s', (how, globals) => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('passes %s on, and leaves nothing', async (signal) => {
    const verb = run(OBEYS, ...globals)
    await printed(verb, 'ready')
    send(verb, signal)
    expect((await verb).exitCode).toBe(143)
    expect(await containers()).toBe('')
    recordFault(`${signal} to run --rm, ${how}`, 'the container’s exit code, nothing is left')
  })

  test('stays with a container that ignores SIGTERM, and says what ends it', async () => {
    const verb = run(IGNORES, ...globals)
    await printed(verb, 'ready')
    for (let times = 0; times < 3; times += 1) {
      const said = printed(verb, 'no')
      send(verb, 'SIGTERM')
      await said
    }
    expect(isAlive(verb.pid ?? 0)).toBe(true)
    expect((await place.cli('kill', 'web')).exitCode).toBe(0)
    const { exitCode, stderr } = await verb
    expect(exitCode).toBe(137)
    expect(stderr).toMatch(/^hint: the container does not end; `runchart kill \w+` ends it\n$/)
    expect(await containers()).toBe('')
    recordFault(`SIGTERM ignored under run --rm, ${how}`, 'it stays, its exit code is told, nothing is left')
  })

  test('SIGKILL leaves the container its life, and no more', async () => {
    const verb = run(`${OBEYS}`, ...globals)
    await printed(verb, 'ready')
    send(verb, 'SIGKILL')
    await verb
    expect((await place.cli('ps', '--format', 'json')).stdout).toContain('"state": "running"')
    expect((await place.cli('kill', '-s', 'TERM', 'web')).exitCode).toBe(0)
    await expect.poll(containers, { timeout: 20_000 }).toBe('')
    recordFault(`SIGKILL of run --rm, ${how}`, 'the container lives on, and goes when it exits')
  })
})

test('run that is ended before its container is made leaves nothing of it', async () => {
  const runtime = heldRuntime(place.path)
  // The owner is there first: it is the create that is held, not its start.
  expect((await place.cli('--runtime', runtime.path, 'ps')).exitCode).toBe(0)
  runtime.holdAt('create')
  const verb = run(OBEYS)
  const pid = await runtime.held()
  send(verb, 'SIGTERM')
  expect(await verb).toMatchObject({ exitCode: 143, stdout: '' })
  await expect.poll(containers, { timeout: 20_000 }).toBe('')
  expect(isAlive(pid)).toBe(false)
  recordFault('SIGTERM to run while its container is made', '143, the create is undone')
})

test('run --rm whose owner leaves: the container lives on, and the next owner removes it', async () => {
  const verb = run(OBEYS)
  await printed(verb, 'ready')
  await place.endOwner('SIGTERM')
  const { exitCode, stderr } = await verb
  expect(exitCode).toBe(125)
  // Nor does it say that it could not remove what is not its to remove.
  expect(stderr).toMatch(/^runchart: the owner of \S+ is closing\nhint: containers live on; .*\n$/)
  const [{ pid }] = JSON.parse((await place.cli('inspect', 'web')).stdout)
  await place.endOwner('SIGKILL')
  process.kill(pid, 'SIGTERM')
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
  await expect.poll(() => existsSync(join(place.runRoot, 'exits')), { timeout: 20_000 }).toBe(true)

  await expect.poll(containers, { timeout: 20_000 }).toBe('')
  expect((await place.cli('events')).stdout).toContain('-> removed')
  recordFault('run --rm, its owner leaves, the next is killed', 'the third one removes it after its exit')
})
