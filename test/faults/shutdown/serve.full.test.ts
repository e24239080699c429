import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectOwner } from '../../../src/client/client.ts'
import {
  type CliPlace,
  cliPlace,
  isAlive,
  MAIN,
  printed,
  runchart,
  type Verb,
  waits,
} from '../../cli/place.ts'
import { heldRuntime } from '../../fixtures/programs.ts'
import { openTerminal } from '../../fixtures/terminal.ts'
import { recordFault } from '../record.ts'

let place: CliPlace
beforeEach(async () => {
  place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Not the verb's own `kill`, which sends SIGKILL after it where it thinks that it takes too long. */
const send = ({ pid = 0 }: Verb, signal: NodeJS.Signals): void => void process.kill(pid, signal)

const LOOP = 'while :; do sleep 0.05; done'
const CLOSING = /^runchart: the owner of \S+ is closing\nhint: containers live on; ask again.*\n$/

/** An owner in the foreground, which answers. In an object: it is a promise of its end. */
async function serve(...globals: string[]): Promise<{ owner: Verb }> {
  const owner = runchart([...place.globals, ...globals, 'serve', '--log-level', 'warn'])
  await expect.poll(() => place.owner().catch(() => undefined), { timeout: 20_000 }).toBe(owner.pid)
  return { owner }
}

async function stateOf(name: string): Promise<string> {
  const client = connectOwner(join(place.runRoot, 'owner.sock'))
  return (await client.inspect(name).finally(() => client.close())).state
}

/** A container whose TERM is answered when a file is there. */
async function patient(name: string): Promise<{ letGo: () => void }> {
  const script = `trap "while [ ! -e /tmp/${name} ]; do sleep 0.05; done; exit 3" TERM; echo ready; ${LOOP}`
  expect((await place.sh(script, '-d', '--name', name, '--stop-timeout', '600')).exitCode).toBe(0)
  return { letGo: () => writeFileSync(join(place.rootfs, 'tmp', name), '') }
}

vi.setConfig({ testTimeout: 180_000 })

test('SIGTERM to serve lets a stop under way finish, and tells all who follow that containers live on', async () => {
  const { owner } = await serve()
  await place.sh(`echo ready; ${LOOP}`, '-d', '--name', 'web')
  const slow = await patient('slow')
  const [events, attach, wait] = [
    place.cli('events', '-f'),
    place.cli('attach', 'web'),
    place.cli('wait', 'web'),
  ]
  const [logs, exec, run] = [
    place.cli('logs', '-f', 'web'),
    place.cli('exec', 'web', 'sh', '-c', `echo ready; ${LOOP}`),
    place.sh(`echo ready; ${LOOP}`, '--rm', '--name', 'run'),
  ]
  // Listened to from the start: what was printed before is not heard.
  const follows = [printed(events, 'running'), ...[logs, exec, run].map((verb) => printed(verb, 'ready'))]
  await Promise.all([...follows, waits(attach, owner.pid ?? 0), waits(wait, owner.pid ?? 0)])
  const stop = place.cli('stop', 'slow')
  await expect.poll(() => stateOf('slow'), { timeout: 20_000 }).toBe('stopping')

  send(owner, 'SIGTERM')
  await events
  expect([owner, stop].map(({ pid = 0 }) => isAlive(pid))).toEqual([true, true])
  slow.letGo()
  for (const [name, verb] of Object.entries({ events, logs, attach, exec, run, wait })) {
    const { exitCode, stderr } = await verb
    expect(exitCode, name).toBe(125)
    expect(stderr, name).toMatch(CLOSING)
  }
  expect(await stop).toMatchObject({ exitCode: 0, stdout: 'slow\n' })
  expect(await owner).toMatchObject({ exitCode: 0 })
  expect(existsSync(join(place.runRoot, 'owner.sock'))).toBe(false)

  const { stdout } = await place.cli('ps', '-a', '--format', 'json')
  const states = JSON.parse(stdout).map(({ name, state }: Record<string, string>) => `${name} ${state}`)
  expect(states.sort()).toEqual(['run running', 'slow exited', 'web running'])
  // The command in it was the old owner's, and has ended with it.
  expect((await place.cli('events')).stdout).toMatch(/exec \w+ exited with exit code 137/)
  recordFault('SIGTERM to serve, a stop in flight', 'it finishes; who follows is told; containers live on')
})

describe('serve', () => {
  test.each(['SIGINT', 'SIGHUP'] as const)('leaves at %s too', async (signal) => {
    const { owner } = await serve()
    const follower = place.cli('events', '-f')
    await waits(follower, owner.pid ?? 0)
    send(owner, signal)
    expect(await owner).toMatchObject({ exitCode: 0 })
    expect((await follower).stderr).toMatch(CLOSING)
    recordFault(`${signal} to serve`, 'it leaves in order')
  })

  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('ends at once at a second signal, %s and %s; the next owner goes on', async (first, second) => {
    const { owner } = await serve()
    const slow = await patient('slow')
    const stop = place.cli('stop', 'slow')
    await expect.poll(() => stateOf('slow'), { timeout: 20_000 }).toBe('stopping')
    send(owner, first)
    await expect.poll(() => existsSync(join(place.runRoot, 'owner.sock'))).toBe(false)
    send(owner, second)
    expect(await owner).toMatchObject({ signal: second })
    expect(await stop).toMatchObject({ exitCode: 125, stdout: '' })
    expect((await stop).stderr).toContain('containers live on')

    slow.letGo()
    expect((await place.cli('wait', 'slow')).stdout).toBe('3\n')
    recordFault('a second signal to serve', 'it ends at once, the next owner goes on with the stop')
  })

  test('leaves after ten seconds, and tells whoever still waits for his command', async () => {
    const { owner } = await serve()
    const slow = await patient('slow')
    const stop = place.cli('stop', 'slow')
    await expect.poll(() => stateOf('slow'), { timeout: 20_000 }).toBe('stopping')
    send(owner, 'SIGTERM')
    const { exitCode, stdout, stderr } = await stop
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toMatch(/^runchart: .* closed\nhint: containers live on; .*\n$/)
    expect(await owner).toMatchObject({ exitCode: 0 })
    slow.letGo()
    expect((await place.cli('wait', 'slow')).stdout).toBe('3\n')
    recordFault('SIGTERM to serve, a stop of 600 s', 'ECLOSED in time, the next owner goes on with the stop')
  })

  test('is ended by a signal while it opens, and the next owner finds the truth', async () => {
    const runtime = heldRuntime(place.path)
    await serve('--runtime', runtime.path)
    await place.sh(`echo ready; ${LOOP}`, '-d', '--name', 'web')
    await place.endOwner('SIGKILL')
    runtime.holdAt('state')
    const opening = runchart([...place.globals, '--runtime', runtime.path, 'serve'])
    const pid = await runtime.held()
    send(opening, 'SIGTERM')
    expect(await opening).toMatchObject({ signal: 'SIGTERM' })
    process.kill(pid, 'SIGKILL')
    expect((await place.cli('ps', '--format', 'json')).stdout).toContain('"state": "running"')
    recordFault('SIGTERM to serve while it opens', 'it ends at once, the next owner finds the truth')
  })

  test('gets to its end though its terminal is gone, and its log with it', async ({ skip }) => {
    skip(!existsSync('/usr/bin/script'), 'script(1) of bsdutils, which makes terminals, is missing')
    const argv = [process.execPath, MAIN, ...place.globals, 'serve', '--log-level', 'trace']
    await using terminal = await openTerminal(argv)
    await terminal.shows('and answers on')
    const pid = await place.owner()
    await place.sh(LOOP, '-d', '--name', 'web')
    const wait = place.cli('wait', 'web')
    await waits(wait, pid)
    terminal.hangUp()
    // It logs that this was refused, to where nobody is.
    expect((await wait).stderr).toMatch(CLOSING)
    await terminal.ended
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
    // One that has died would have left both behind.
    expect(['owner.sock', 'owner.pid'].filter((name) => existsSync(join(place.runRoot, name)))).toEqual([])
    recordFault('serve’s terminal goes away', 'it leaves in order')
  })
})
