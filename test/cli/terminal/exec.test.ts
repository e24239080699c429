import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { processesNaming } from '../../effects/lab.ts'
import { openTerminal, settings, type Terminal } from '../../fixtures/terminal.ts'
import { type CliPlace, cliPlace, isAlive, MAIN } from '../place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
  await place.sh('trap "exit 0" TERM; while :; do sleep 0.05; done', '-d', '--name', 'web')
})
afterAll(async () => {
  await place.cli('rm', '-f', 'web')
  await place[Symbol.asyncDispose]()
})

const exec = (...args: string[]): Promise<Terminal> =>
  openTerminal([process.execPath, MAIN, ...place.globals, 'exec', ...args])

/** Quotes keep what is typed from looking like what is printed. */
const untilSize = (size: string): string =>
  `until [ "$(stty size)" = "${size}" ]; do sleep 0.02; done; echo si""ze of ${size}\n`

/** The terminal is as it was before. */
function expectSane(screen: string): void {
  const [before, after] = settings(screen)
  expect(before).toContain('icanon')
  expect(after).toBe(before)
}

describe('exec -it', () => {
  beforeEach(({ skip }) =>
    skip(!existsSync('/usr/bin/script'), 'script(1) of bsdutils, which makes terminals, is missing'),
  )

  test('shows a prompt, echoes what is typed, follows the size, and ends with the code', async () => {
    await using terminal = await exec('-it', 'web', 'sh')
    await terminal.shows('# ')
    terminal.type('echo $((6 * 7)) $TERM\n')
    expect(await terminal.shows('42 xterm')).toContain('echo $((6 * 7)) $TERM\r\n')
    terminal.type(untilSize('31 97'))
    await terminal.shows('size of 31 97')
    terminal.resize({ columns: 132, rows: 43 })
    terminal.type(untilSize('43 132'))
    await terminal.shows('size of 43 132')
    terminal.type('exit 3\n')
    const screen = await terminal.ended
    expect(screen).toContain('status 3\r\n')
    expectSane(screen)
  })

  test('has its size from the beginning', async () => {
    await using terminal = await exec('-it', 'web', 'stty', 'size')
    await terminal.shows('\r\n31 97\r\n')
    expectSane(await terminal.ended)
  })

  test('gives Ctrl-C to the command as a key', async () => {
    const loop = 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done'
    await using terminal = await exec('-it', 'web', 'sh', '-c', loop)
    await terminal.shows('ready')
    terminal.type('\x03')
    await terminal.shows('caught')
    const screen = await terminal.ended
    expect(screen).toContain('status 9\r\n')
    expectSane(screen)
  })

  test('with -t alone the command has the size, and this terminal stays as it is', async () => {
    const wait = 'until [ "$(stty size)" = "43 132" ]; do sleep 0.02; done; echo resized; exit 2'
    await using terminal = await exec('-t', 'web', 'sh', '-c', `echo ready; ${wait}`)
    await terminal.shows('ready')
    terminal.resize({ columns: 132, rows: 43 })
    await terminal.shows('resized')
    const screen = await terminal.ended
    expect(screen).toContain('status 2\r\n')
    expectSane(screen)
  })

  test('ends with its container, and the terminal is put back', async () => {
    await place.sh('while :; do sleep 0.05; done', '-d', '--name', 'gone')
    await using terminal = await exec('-it', 'gone', 'sh')
    await terminal.shows('# ')
    await place.cli('rm', '-f', 'gone')
    const screen = await terminal.ended
    expect(screen).toContain('status 137\r\n')
    expectSane(screen)
  })

  test('puts the terminal back when it is ended by a signal that the command takes', async () => {
    await using terminal = await exec('-it', 'web', 'sh', '-c', 'echo ready; exec sleep 1003.7')
    await terminal.shows('ready')
    const [verb] = await processesNaming('exec\0-it\0web\0')
    process.kill(verb ?? 0, 'SIGTERM')
    const screen = await terminal.ended
    expect(screen).toContain('status 143\r\n')
    expectSane(screen)
  })

  test('puts the terminal back when the owner is lost, and the next owner ends the command', async () => {
    await using terminal = await exec('-it', 'web', 'sh', '-c', 'echo ready; exec sleep 1003.9')
    await terminal.shows('ready')
    await place.endOwner('SIGKILL')
    const screen = await terminal.ended
    expect(screen).toContain('status 125\r\n')
    expectSane(screen)
    expect((await place.cli('exec', 'web', 'echo', 'on')).stdout).toBe('on\n')
    await expect.poll(() => processesNaming('sleep\x001003.9'), { timeout: 10_000 }).toEqual([])
  })

  test('a window that is closed takes the command with it', async () => {
    await using terminal = await exec('-it', 'web', 'sh', '-c', 'trap "" HUP; echo ready; exec sleep 1003.5')
    await terminal.shows('ready')
    const [verb] = await processesNaming('exec\0-it\0web\0')
    terminal.hangUp()
    await expect.poll(() => isAlive(verb ?? 0), { timeout: 10_000 }).toBe(false)
    await expect.poll(() => processesNaming('sleep\x001003.5'), { timeout: 10_000 }).toEqual([])
  })
})

test('without a terminal it goes on with a warning, and what is piped is typed', async () => {
  const verb = place.cli('exec', '-it', 'web', 'sh')
  verb.stdin.end('echo $((6 * 7)); exit 3\n')
  const { exitCode, stdout, stderr } = await verb
  expect(exitCode).toBe(3)
  expect(stdout).toContain('42\r\n')
  expect(stderr).toContain('standard input is no terminal')
})

test('the end of what is piped is Ctrl-D', async () => {
  const verb = place.cli('exec', '-it', 'web', 'cat')
  verb.stdin.end('hi\n')
  const { exitCode, stdout } = await verb
  expect(exitCode).toBe(0)
  expect(stdout).toContain('hi\r\n')
})
