import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { processesNaming } from '../../effects/lab.ts'
import { openTerminal, settings, type Terminal } from '../../fixtures/terminal.ts'
import { type CliPlace, cliPlace, isAlive, MAIN, printed } from '../place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

const HAS_SCRIPT = existsSync('/usr/bin/script')

const runchart = (...args: string[]): Promise<Terminal> =>
  openTerminal([process.execPath, MAIN, ...place.globals, ...args])

const shell = (...flags: string[]): Promise<Terminal> =>
  runchart('run', '-it', ...flags, '--rootfs', place.rootfs, 'sh')

const stateOf = async (name: string): Promise<string> =>
  JSON.parse((await place.cli('inspect', name)).stdout)[0].state

/** Quotes keep what is typed from looking like what is printed. */
const untilSize = (size: string): string =>
  `until [ "$(stty size)" = "${size}" ]; do sleep 0.02; done; echo si""ze of ${size}\n`

/** The terminal is as it was before. */
function expectSane(screen: string): void {
  const [before, after] = settings(screen)
  expect(before).toContain('icanon')
  expect(after).toBe(before)
}

describe('run -it', () => {
  beforeEach(({ skip }) => skip(!HAS_SCRIPT, 'script(1) of bsdutils, which makes terminals, is missing'))

  test('shows a prompt, echoes what is typed, follows the size, and ends with the code', async () => {
    await using terminal = await shell('--rm')
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
    expect((await place.cli('ps', '-aq')).stdout).toBe('')
  })

  test('gives Ctrl-C to the container as a key', async () => {
    const loop = 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done'
    await using terminal = await runchart('run', '-it', '--rm', '--rootfs', place.rootfs, 'sh', '-c', loop)
    await terminal.shows('ready')
    terminal.type('\x03')
    await terminal.shows('caught')
    const screen = await terminal.ended
    expect(screen).toContain('status 9\r\n')
    expectSane(screen)
  })

  test('shows what the container writes byte for byte', async () => {
    await using terminal = await runchart(
      ...['run', '-it', '--rm', '--rootfs', place.rootfs],
      ...['sh', '-c', 'stty -opost; printf "a\\nb\\tc\\033[7m\\r\\n"'],
    )
    expect(await terminal.shows('\x1b[7m\r\n')).toContain('a\nb\tc')
    expectSane(await terminal.ended)
  })

  test('is left with the keys for it, without the container, and taken up again with attach', async () => {
    await using first = await shell('--name', 'box', '--rm')
    await first.shows('# ')
    first.type('X=kept\n')
    await first.shows('# ')
    first.type('\x10\x11')
    const left = await first.ended
    expect(left).toContain('status 0\r\n')
    expectSane(left)
    expect(await stateOf('box')).toBe('running')

    await using second = await runchart('attach', '--detach-keys', 'ctrl-a,d', 'box')
    second.type('echo "is $X"\n')
    await second.shows('is kept')
    second.type('\x10\x11\n')
    second.type('echo st""ill\n')
    await second.shows('still')
    second.type('\x01d')
    expectSane(await second.ended)
    expect(await stateOf('box')).toBe('running')

    await using third = await runchart('attach', 'box')
    third.type('exit 4\n')
    expect(await third.ended).toContain('status 4\r\n')
    await expect.poll(async () => (await place.cli('ps', '-aq')).stdout, { timeout: 10_000 }).toBe('')
  })
})

test('a window that is closed types nothing into the container', async ({ skip }) => {
  skip(!HAS_SCRIPT, 'script(1) of bsdutils, which makes terminals, is missing')
  const flags = ['run', '-it', '--name', 'left', '--rootfs', place.rootfs]
  const loop = 'trap "" HUP; echo ready; cat; echo ended; exit 7'
  await using terminal = await runchart(...flags, 'sh', '-c', loop)
  await terminal.shows('ready')
  const [verb] = await processesNaming('\0left\0')
  terminal.hangUp()
  await expect.poll(() => isAlive(verb ?? 0), { timeout: 10_000 }).toBe(false)
  expect(await stateOf('left')).toBe('running')
  await place.cli('rm', '-f', 'left')
})

describe('a terminal is put back', () => {
  beforeEach(({ skip }) => skip(!HAS_SCRIPT, 'script(1) of bsdutils, which makes terminals, is missing'))

  test('when the owner is lost', async () => {
    await using terminal = await shell('--name', 'lost')
    await terminal.shows('# ')
    await place.endOwner('SIGKILL')
    const screen = await terminal.ended
    expect(screen).toContain('went away')
    expect(screen).toContain('status 125\r\n')
    expectSane(screen)
    expect(await stateOf('lost')).toBe('running')
    await place.cli('rm', '-f', 'lost')
  })

  test('when the container is removed', async () => {
    await using terminal = await shell('--name', 'gone')
    await terminal.shows('# ')
    await place.cli('rm', '-f', 'gone')
    const screen = await terminal.ended
    expect(screen).toContain('status 137\r\n')
    expectSane(screen)
  })

  test.each([
    ['TERM', 143],
    ['HUP', 129],
    ['INT', 130],
    ['QUIT', 131],
  ])('when SIG%s ends attach, and the container lives on', async (signal, status) => {
    const name = `sig${signal}`
    await place.cli('run', '-dit', '--name', name, '--rootfs', place.rootfs, 'sh')
    await using terminal = await runchart('attach', '--sig-proxy=false', name)
    terminal.type('echo re""ady\n')
    await terminal.shows('ready')
    for (const pid of await processesNaming(`attach\0--sig-proxy=false\0${name}`))
      process.kill(pid, `SIG${signal}`)
    const screen = await terminal.ended
    expect(screen).toContain(`status ${status}\r\n`)
    expectSane(screen)
    expect(await stateOf(name)).toBe('running')
    await place.cli('rm', '-f', name)
  })
})

describe('without a terminal', () => {
  test('run -i passes input on, to its end', async () => {
    const verb = place.cli('run', '-i', '--rm', '--rootfs', place.rootfs, 'cat')
    verb.stdin.end('hi\n')
    expect(await verb).toMatchObject({ exitCode: 0, stdout: 'hi\n', stderr: '' })
  })

  test('run -i passes megabytes through, both ways', async () => {
    const verb = place.cli('run', '-i', '--rm', '--rootfs', place.rootfs, 'cat')
    const text = Array.from({ length: 200_000 }, (_, index) => `${index}\n`).join('')
    verb.stdin.end(text)
    expect((await verb).stdout).toBe(text)
  })

  test('a container that reads no more than it needs ends all the same', async () => {
    const verb = place.cli(
      'run',
      '-i',
      '--rm',
      '--rootfs',
      place.rootfs,
      'sh',
      '-c',
      'read line; echo "<$line>"; exit 5',
    )
    verb.stdin.on('error', () => {})
    verb.stdin.end(`first\n${'x'.repeat(3_000_000)}`)
    expect(await verb).toMatchObject({ exitCode: 5, stdout: '<first>\n' })
  })

  test('without -i a container reads nothing', async () => {
    const verb = place.cli('run', '--rm', '--rootfs', place.rootfs, 'cat')
    verb.stdin.end('hi\n')
    expect(await verb).toMatchObject({ exitCode: 0, stdout: '' })
  })

  test('-it goes on with a warning, and what is piped is typed', async () => {
    const verb = place.cli('run', '-it', '--rm', '--rootfs', place.rootfs, 'sh')
    verb.stdin.end('echo $((6 * 7)); exit 3\n')
    const { exitCode, stdout, stderr } = await verb
    expect(exitCode).toBe(3)
    expect(stdout).toContain('42\r\n')
    expect(stderr).toContain('standard input is no terminal')
  })

  test('attach keeps the streams apart, feeds the container, and ends with its code', async () => {
    const script = 'while read line; do echo "<$line>"; echo "($line)" >&2; done; exit 6'
    await place.sh(script, '-di', '--name', 'fed')
    const verb = place.cli('attach', 'fed')
    verb.stdin.write('a\n')
    await printed(verb, '<a>')
    verb.stdin.end('b\n')
    const { exitCode, stdout, stderr } = await verb
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 6, stdout: '<a>\n<b>\n', stderr: '(a)\n(b)\n' })
    const refused = await place.cli('attach', 'fed')
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toMatch(/^runchart: cannot attach to container fed: it is exited.*\nhint: .+\n$/)
    await place.cli('rm', 'fed')
  })

  test('attach passes signals on, unless it is told not to', async () => {
    await place.sh('trap "exit 9" TERM; while :; do echo tick; sleep 0.05; done', '-d', '--name', 'proxied')
    const quiet = place.cli('attach', '--no-stdin', '--sig-proxy=false', 'proxied')
    await printed(quiet, 'tick')
    quiet.kill('SIGTERM')
    expect((await quiet).exitCode).toBe(143)
    expect(await stateOf('proxied')).toBe('running')
    const loud = place.cli('attach', '--no-stdin', 'proxied')
    await printed(loud, 'tick')
    loud.kill('SIGTERM')
    expect((await loud).exitCode).toBe(9)
    await place.cli('rm', 'proxied')
  })

  test('bad detach keys are refused', async () => {
    const { exitCode, stderr } = await place.cli('attach', '--detach-keys', 'ctrl-1', 'x')
    expect(exitCode).toBe(125)
    expect(stderr).toContain('ctrl- and one of')
  })
})
