import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectOwner } from '../../src/client/client.ts'
import { longSleep, markOf } from '../effects/exec/lab.ts'
import { processesNaming } from '../effects/lab.ts'
import { type CliPlace, cliPlace, MAIN, printed } from './place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
  await place.sh('while :; do sleep 0.05; done', '-d', '--name', 'web')
})
afterAll(() => place[Symbol.asyncDispose]())

const exec = (...args: string[]) => place.cli('exec', ...args)

test.for([
  ['true', 0],
  ['exit 7', 7],
  ['exit 255', 255],
  ['kill -KILL $$', 137],
] as const)('%s: exits as the command did', async ([script, code]) => {
  const { exitCode, stderr } = await exec('web', 'sh', '-c', script)
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: '' })
})

test.for([
  ['nosuch', 127],
  ['/bin/nosuch', 127],
  ['/bin/not-executable', 126],
  ['/etc', 126],
] as const)('%s: the command cannot be run', async ([command, code]) => {
  for (const flags of [[], ['-d']]) {
    const { exitCode, stdout, stderr } = await exec(...flags, 'web', command)
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
    expect(stderr).toMatch(/^runchart: .+/)
  }
})

test.for([
  [['nosuch', 'true'], /no container has the id or name/],
  [['web'], /missing required argument/],
  [['web', ''], /invalid command/],
  [['-u', 'nobody-here', 'web', 'true'], /invalid user/],
  [['-w', 'tmp', 'web', 'true'], /invalid working directory/],
  [['--preserve-fds', '1', 'web', 'true'], /descriptor 3 of process \d+ cannot be handed over/],
] as const)('%j: runchart refuses, 125', async ([args, message]) => {
  const { exitCode, stdout, stderr } = await exec(...args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
  expect(stderr).toMatch(message)
})

test('a container that does not run is refused, 125', async () => {
  await place.cli('create', '--name', 'still', '--rootfs', place.rootfs, 'true')
  const { exitCode, stderr } = await exec('still', 'true')
  expect(exitCode).toBe(125)
  expect(stderr).toMatch(/cannot exec container still: it is created/)
})

test('stdout and stderr are kept apart, byte for byte', async () => {
  const verb = exec('web', 'sh', '-c', 'printf "out\\377\\000\\n\\nno end"; printf "err" >&2')
  const chunks: Buffer[] = []
  verb.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const { stderr } = await verb
  expect(Buffer.concat(chunks)).toEqual(Buffer.from('out\xff\0\n\nno end', 'latin1'))
  expect(stderr).toBe('err')
})

test('20,000 lines come out whole and in order', async () => {
  const { stdout } = await exec('web', 'seq', '20000')
  expect(stdout).toBe(Array.from({ length: 20_000 }, (_, line) => `${line + 1}\n`).join(''))
})

test('1.5 MB go in whole with -i, and then the end; nothing without', async () => {
  const input = Buffer.alloc(1_500_000, 'abcdefg\n')
  const run = (...args: string[]) =>
    execa(process.execPath, [MAIN, ...place.globals, 'exec', ...args], { input, stripFinalNewline: false })
  const { stdout } = await run('-i', 'web', 'sh', '-c', 'cat; echo end')
  expect(stdout === `${input}end\n`).toBe(true)
  expect((await run('web', 'sh', '-c', 'cat; echo end')).stdout).toBe('end\n')
})

test('a command may end before its input does', async () => {
  const verb = exec('-i', 'web', 'head', '-n', '1')
  verb.stdin.write('first\nsecond\n')
  expect(await verb).toMatchObject({ exitCode: 0, stdout: 'first\n' })
})

test('it has the user, directory, variables and capabilities that it is given', async () => {
  const flags = ['-u', 'alice', '-w', '/tmp', '-e', 'A=b c', '--env', 'HERE']
  const verb = execa(
    process.execPath,
    [MAIN, ...place.globals, 'exec', ...flags, 'web', 'sh', '-c', 'id -u; pwd; echo $A $HERE'],
    {
      env: { HERE: 'yes' },
    },
  )
  expect((await verb).stdout).toBe('1000\n/tmp\nb c yes')
  const { stdout } = await exec('--cap-add', 'SYS_CHROOT', 'web', 'cat', '/proc/self/status')
  expect(Number.parseInt(/CapEff:\s+(\w+)/.exec(stdout)?.[1] ?? '', 16) & (1 << 18)).toBeTruthy()
})

test('options end where the command begins', async () => {
  expect((await exec('web', 'echo', '-d', '--help')).stdout).toBe('-d --help\n')
})

test('descriptors from 3 are handed on', async () => {
  const [from, to] = ['from', 'to'].map((name) => join(place.path, name))
  writeFileSync(from ?? '', 'read me\n')
  const fds = [openSync(from ?? '', 'r'), openSync(to ?? '', 'w')]
  const args = ['--preserve-fds', '2', 'web', 'sh', '-c', 'cat <&3; echo written >&4']
  const verb = spawn(process.execPath, [MAIN, ...place.globals, 'exec', ...args], {
    stdio: ['ignore', 'pipe', 'inherit', ...fds],
  })
  const [stdout] = await Promise.all([text(verb.stdout as Readable), once(verb, 'exit')])
  for (const fd of fds) closeSync(fd)
  expect(stdout).toBe('read me\n')
  expect(readFileSync(to ?? '', 'utf8')).toBe('written\n')
})

test.for(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('%s reaches the command', async (signal) => {
  const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
  const verb = exec('web', 'sh', '-c', script)
  await printed(verb, 'ready')
  verb.kill(signal)
  expect(await verb).toMatchObject({ exitCode: 9, stdout: 'ready\ngot\n' })
})

describe('a command is bound to its client', () => {
  test('it is killed when the verb is', async () => {
    const verb = exec('web', 'sh', '-c', `echo ready; ${longSleep(956).join(' ')}`)
    await printed(verb, 'ready')
    verb.kill('SIGKILL')
    await verb
    await expect.poll(() => processesNaming(markOf(956))).toEqual([])
    const client = connectOwner(join(place.runRoot, 'owner.sock'))
    await expect.poll(() => client.execs('web').catch(() => [])).toEqual([])
    client.close()
  })

  test('a client that stops reading holds it back, and one that leaves ends it', async () => {
    const client = connectOwner(join(place.runRoot, 'owner.sock'))
    const session = await client.execStream('web', ['yes'])
    for await (const { stream } of session.output) {
      expect(stream).toBe('stdout')
      break
    }
    await expect(session.exited).rejects.toThrow('not read to its end')
    await expect.poll(() => client.execs('web')).toEqual([])
    client.close()
  })
})

describe('a detached command', () => {
  test('prints its session, is listed, and its exit is an event', async () => {
    const { stdout, exitCode } = await exec('-d', 'web', 'sh', '-c', 'sleep 0.5; exit 6')
    expect(exitCode).toBe(0)
    const client = connectOwner(join(place.runRoot, 'owner.sock'))
    expect(await client.execs('web')).toMatchObject([{ id: stdout.trim(), detached: true }])
    await expect.poll(() => client.execs('web')).toEqual([])
    const events = (await place.cli('events')).stdout
    expect(events).toContain(`exec ${stdout.slice(0, 12)} exited with exit code 6`)
    client.close()
  })

  test('outlives its owner', async () => {
    const { stdout } = await exec(
      '-d',
      'web',
      'sh',
      '-c',
      'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 4',
    )
    await place.endOwner('SIGKILL')
    closeSync(openSync(join(place.rootfs, 'tmp/go'), 'w'))
    await expect
      .poll(async () => (await place.cli('events')).stdout, { timeout: 20_000 })
      .toContain(`exec ${stdout.slice(0, 12)} exited with exit code 4`)
  })
})

test('a client collects, stops and kills', async () => {
  const client = connectOwner(join(place.runRoot, 'owner.sock'))
  expect(await client.exec('web', ['cat'], { stdin: 'in', maxOutputBytes: 1 })).toEqual({
    ...{ exitCode: 0, signal: null, stdout: 'i', stderr: '', truncated: true },
  })
  const one = await client.execDetached('web', longSleep(955))
  const two = await client.execDetached('web', longSleep(954))
  await client.execKill('web', one.id, 'KILL')
  await expect.poll(async () => (await client.execs('web')).map(({ id }) => id)).toEqual([two.id])
  expect(await client.execStop('web', { timeout: 5 })).toEqual([])
  client.close()
})
