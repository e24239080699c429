import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { ProgramError } from '../../../effects/errors.ts'
import { loadLibc } from '../../../effects/libc/libc.ts'
import { type ChildRequest, spawnChild } from '../../../effects/program/child.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

const libc = await loadLibc()
const PATH = '/usr/bin:/bin'

const sh = (script: string, stdio: ChildRequest['stdio'], rest: Partial<ChildRequest> = {}) =>
  spawnChild(libc, { path: '/bin/sh', args: ['-c', script], env: { PATH }, stdio, ...rest })

/** What it writes to its standard output. */
async function said(script: string, rest?: Partial<ChildRequest>): Promise<string> {
  const child = sh(script, ['ignore', 'pipe', 2], rest)
  const output = await text(child.pipes[1] as NodeJS.ReadableStream)
  expect(await child.ended).toEqual({ exitCode: 0, signal: null })
  return output
}

const descriptors = (): string[] => readdirSync('/proc/self/fd')

/** The last test's sockets are closed a turn later. */
let before = descriptors()
afterEach(async () => {
  await expect.poll(descriptors).toEqual(before)
})

describe('a child', () => {
  it('tells its exit code, or the signal that ended it', async () => {
    const ends = await Promise.all(['exit 0', 'exit 255', 'kill -KILL $$'].map((each) => sh(each, []).ended))
    expect(ends).toEqual([
      { exitCode: 0, signal: null },
      { exitCode: 255, signal: null },
      { exitCode: null, signal: 'SIGKILL' },
    ])
  })

  it('leaves no process behind that nobody has waited for', async () => {
    const child = sh('exit 3', [])
    await child.ended
    expect(() => readFileSync(`/proc/${child.pid}/stat`)).toThrow('ENOENT')
  })

  it('is waited for in a thread of this process too', async () => {
    const source = `
      const { parentPort, workerData: { libc, child } } = require('node:worker_threads')
      Promise.all([import(libc), import(child)]).then(async ([{ loadLibc }, { spawnChild }]) => {
        const request = { path: '/bin/sh', args: ['-c', 'exit 7'], env: {}, stdio: [] }
        parentPort.postMessage(await spawnChild(await loadLibc(), request).ended)
      })`
    const at = (path: string): string => new URL(`../../../effects/${path}`, import.meta.url).href
    const workerData = { libc: at('libc/libc.ts'), child: at('program/child.ts') }
    const worker = new Worker(source, { eval: true, workerData })
    expect(await new Promise((resolve) => worker.once('message', resolve))).toEqual({
      exitCode: 7,
      signal: null,
    })
    await worker.terminate()
    // What a thread needs of its own, the process keeps for the next one.
    before = descriptors()
  })

  it('has the arguments and variables that it is given, whatever is in them, and no others', async () => {
    const words = ['', ' ', '"$HOME"', "'", '\n', 'é\u{1f600}', '-x']
    const script =
      'for each in "$@"; do printf "%s|" "$each"; done; printf %s "$ONE"; env | cut -d= -f1 | sort | xargs'
    const args = ['-c', script, 'sh', ...words]
    const output = await said('', { args, env: { PATH, ONE: ' =two= ' } })
    expect(output).toBe(`${words.map((word) => `${word}|`).join('')} =two= ONE PATH PWD\n`)
  })

  it('works where it is told to', async () => {
    await using directory = await temporaryDirectory()
    expect(await said('pwd', { cwd: directory.path })).toBe(`${directory.path}\n`)
    expect(await said('pwd')).toBe(`${process.cwd()}\n`)
  })

  it('leads a session of its own', async () => {
    const fields = (await said('cat /proc/$$/stat')).split(' ')
    const [pid, , , , group, session] = fields
    expect([group, session]).toEqual([pid, pid])
  })

  it('starts with each signal as it is by default, and none blocked', async () => {
    // Node itself ignores SIGPIPE and SIGXFSZ.
    expect(readFileSync('/proc/self/status', 'utf8')).toMatch(/^SigIgn:\s+0*1001000$/m)
    const status = await said('exec cat /proc/self/status')
    for (const set of ['SigBlk', 'SigCgt']) expect(status).toMatch(new RegExp(`^${set}:\\s+0{16}$`, 'm'))
    // glibc's posix_spawn ignores 32 and 33, which its threads have for themselves.
    expect(status).toMatch(/^SigIgn:\s+0{7}(?:0|1)(?:0|8)0{7}$/m)
  })

  it('has the descriptors that it is given, in their places, and no others', async () => {
    await using directory = await temporaryDirectory()
    const files = ['a', 'b', 'c', 'd'].map((name) => openSync(join(directory.path, name), 'w+'))
    const [a = 0, b = 0, c = 0] = files
    const child = sh('readlink /proc/$$/fd/*', ['ignore', 'pipe', 2, c, a, b])
    const output = await text(child.pipes[1] as NodeJS.ReadableStream)
    for (const file of files) closeSync(file)
    // A descriptor that this process itself was started with goes on to all of its children.
    const ours = output.split('\n').filter((path) => path.startsWith(directory.path) || path === '/dev/null')
    expect(ours).toEqual(['/dev/null', ...['c', 'a', 'b'].map((name) => join(directory.path, name))])
    await child.ended
  })

  it('gets low descriptors in each other’s places', async () => {
    // Standard error as its first, and as its third the first of this process.
    const input = readlinkSync('/proc/self/fd/0')
    const error = readlinkSync('/proc/self/fd/2')
    const child = sh('readlink /proc/$$/fd/0 /proc/$$/fd/2', [2, 'pipe', 0])
    expect(await text(child.pipes[1] as NodeJS.ReadableStream)).toBe(`${error}\n${input}\n`)
    await child.ended
  })

  it('is written to and read from, and hears the end', async () => {
    const child = sh('cat; cat <&3 >&3', ['pipe', 'pipe', 2, 'pipe'])
    const [stdin, stdout, , both] = child.pipes
    stdin?.end('in')
    both?.end('out')
    expect(await Promise.all([stdout, both].map((pipe) => text(pipe as NodeJS.ReadableStream)))).toEqual([
      'in',
      'out',
    ])
    expect(await child.ended).toMatchObject({ exitCode: 0 })
  })

  it('is killed, alone or with its group, and once it has ended no more', async () => {
    const alone = sh('sleep 300', [])
    expect(alone.kill()).toBe(true)
    expect(await alone.ended).toEqual({ exitCode: null, signal: 'SIGKILL' })
    expect([alone.kill(), alone.killGroup()]).toEqual([false, false])

    const group = sh('sleep 300 & echo; wait', ['ignore', 'pipe', 2])
    const [, output] = group.pipes
    await once(output as NodeJS.EventEmitter, 'data')
    expect(group.killGroup()).toBe(true)
    // The sleeping one has it as well: it ends when both are gone.
    await once(output as NodeJS.EventEmitter, 'close')
    expect(await group.ended).toEqual({ exitCode: null, signal: 'SIGKILL' })
  })

  it('names the signal that ended it, or gives the number of one without a name', async () => {
    expect(await sh('kill -ABRT $$', []).ended).toEqual({ exitCode: null, signal: 'SIGABRT' })
    const { SIGIO } = constants.signals
    expect(await sh(`kill -${SIGIO} $$`, []).ended).toEqual({ exitCode: null, signal: 'SIGIO' })
    expect(await sh('kill -40 $$', []).ended).toEqual({ exitCode: null, signal: 'signal 40' })
  })
})

describe('where the kernel has no pidfd', () => {
  const ENOSYS = 38
  const older = { ...libc, pidfdOpen: () => -1, errno: () => ENOSYS }
  const exit = (code: number, script = '') =>
    spawnChild(older, { path: '/bin/sh', args: ['-c', `${script} exit ${code}`], env: { PATH }, stdio: [] })

  it('the ends of children are told all the same, of each its own', async () => {
    // The second ends first, and the first one’s end is not taken for it.
    const children = [exit(3, 'sleep 0.2;'), exit(4), exit(5)]
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(
      [3, 4, 5].map((exitCode) => ({ exitCode, signal: null })),
    )
    expect(process.listenerCount('SIGCHLD')).toBe(0)
  })

  it('they are killed', async () => {
    const child = exit(0, 'sleep 300;')
    expect(child.killGroup()).toBe(true)
    expect(await child.ended).toEqual({ exitCode: null, signal: 'SIGKILL' })
    expect(child.kill()).toBe(false)
  })
})

describe('a program that cannot be run', () => {
  it('because nobody could watch it is told of, and does not run', async () => {
    await using directory = await temporaryDirectory()
    const EMFILE = 24
    const full = { ...libc, pidfdOpen: () => -1, errno: () => EMFILE }
    const args = ['-c', `sleep 0.2; touch ${join(directory.path, 'ran')}`]
    expect(() => spawnChild(full, { path: '/bin/sh', args, env: { PATH }, stdio: [] })).toThrow('EMFILE')
    expect(await sh('sleep 0.4', []).ended).toMatchObject({ exitCode: 0 })
    expect(readdirSync(directory.path)).toEqual([])
  })

  it('because it is a text is not given to a shell', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'text')
    writeFileSync(path, 'exit 7\n', { mode: 0o755 })
    expect(() => sh('', [], { path })).toThrow('not a program for this machine (ENOEXEC)')
  })

  it.each<[string, Partial<ChildRequest>, string]>([
    ['is missing', { path: '/nonexistent/program' }, 'no such file (ENOENT)'],
    ['is a directory', { path: '/etc' }, 'not executable, or no permission (EACCES)'],
    ['has nowhere to work', { cwd: '/nonexistent' }, 'its working directory /nonexistent does not exist'],
    ['has a word that C would cut off', { args: ['-c', 'exit 0\0 1'] }, 'a NUL in "exit 0\\u0000 1"'],
    ['has a variable that C would cut off', { env: { ONE: 'a\0b' } }, 'a NUL'],
    ['is given a descriptor that is not open', { stdio: [0, 1, 2, 1_000_000] }, 'EBADF'],
  ])('because it %s is told of, and leaves nothing open', (_, request, why) => {
    const id = '0123456789abcdef0123456789abcdef'
    const spawn = () => sh('exit 0', ['pipe', 'pipe', 'pipe'], { containerId: id, ...request })
    expect(spawn).toThrow(ProgramError)
    expect(spawn).toThrow(why)
    try {
      spawn()
    } catch (error) {
      expect(error).toMatchObject({ code: 'EPROGRAM', containerId: id })
    }
  })
})
