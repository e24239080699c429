import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  findSessionProcess,
  isSameProcess,
  type ProcessIdentity,
  RuntimeError,
  signalSession,
} from '../../../effects/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { processesNaming } from '../lab.ts'
import { collect, type ExecLab, longSleep, markOf, openExecLab, text } from './lab.ts'

let lab: ExecLab
beforeAll(async () => {
  lab = await openExecLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const sh = (script: string, changes = {}) => lab.attached(['sh', '-c', script], changes)

describe('a command', () => {
  test('has its streams apart and its own exit code', async () => {
    expect(await collect(await sh('echo out; echo err >&2; exit 7'))).toEqual({
      ...{ stdout: 'out\n', stderr: 'err\n', code: 7 },
    })
  })

  test('is known by its process while it runs', async () => {
    const session = await sh('echo up; sleep 1000')
    expect(session.process).toBeDefined()
    expect(isSameProcess(session.process ?? expect.fail())).toBe(true)
    expect(signalSession(session.process, 9)).toBe(true)
    expect(await session.exited).toBe(137)
    expect(signalSession(session.process, 9)).toBe(false)
  })

  test('is not taken for a stranger that has its number', async () => {
    const session = await sh('echo up; sleep 1000')
    const { sessionDir } = lab.options([])
    mkdirSync(sessionDir, { recursive: true })
    // The process is alive, but nobody was told to write its number into that file.
    writeFileSync(join(sessionDir, 'pidfile'), String(session.process?.pid))
    expect(findSessionProcess(sessionDir)).toBeUndefined()
    const other = { ...session.process, startTime: '1' } as ProcessIdentity
    expect([signalSession(other, 15), signalSession(other, 9)]).toEqual([false, false])
    expect(signalSession(session.process, 9)).toBe(true)
    await session.exited
  })

  test('has the directory, user, groups, variables and capabilities that it is given', async () => {
    const user = { uid: 1000, gid: 50, additionalGids: [60] }
    const given = { cwd: '/tmp', user, env: ['COLOUR=red'] }
    const { stdout } = await collect(await sh('pwd; id -u; id -G; echo $COLOUR', given))
    expect(stdout).toBe('/tmp\n1000\n50 60\nred\n')
    const bits = await collect(
      await sh('cat /proc/self/status', { capabilities: ['CAP_SYS_CHROOT'], user: { uid: 0, gid: 0 } }),
    )
    expect(Number.parseInt(/CapEff:\s+(\w+)/.exec(bits.stdout)?.[1] ?? '', 16) & (1 << 18)).toBeTruthy()
  })

  test('gains no privileges where it must not', async () => {
    const { stdout } = await collect(await sh('cat /proc/self/status', { noNewPrivileges: true }))
    expect(stdout).toMatch(/NoNewPrivs:\s+1/)
  })

  test.each([
    ['nosuch', 'command-not-found'],
    ['/bin/nosuch', 'command-not-found'],
    ['/etc', 'command-not-executable'],
    ['/bin/not-executable', 'command-not-executable'],
  ])('%s: cannot be run, which is %s', async (command, failure) => {
    const error = await lab.attached([command]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RuntimeError)
    expect(error).toMatchObject({ failure, containerId: lab.lab.id })
    expect((error as Error).message).toMatch(new RegExp(`^${TEST_RUNTIME} exec lab-\\w+: .+`))
  })

  test('a file that is no program ends as a command that says so: the runtime tells no more', async () => {
    const { code, stderr } = await collect(await lab.attached(['/bin/not-a-binary']))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^exec.*: exec format error\n$/i)
  })

  test('its own exit codes of 126, 127 and 255 are not failures to run it', async () => {
    for (const code of [126, 127, 255]) expect((await collect(await sh(`exit ${code}`))).code).toBe(code)
  })
})

describe('its streams', () => {
  test('20,000 lines arrive whole and in order', async () => {
    const { stdout } = await collect(await sh('seq 20000'))
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, line) => `${line + 1}\n`).join(''))
  })

  test('a reader that waits holds the command back, and loses nothing', async () => {
    const session = await sh('seq 400000 && echo done >&2')
    const done = text(session.stderr)
    await delay(300)
    expect(session.process && isSameProcess(session.process)).toBe(true)
    const stdout = await text(session.stdout)
    expect(stdout.endsWith('\n399999\n400000\n')).toBe(true)
    expect(stdout.split('\n')).toHaveLength(400_001)
    expect(await done).toBe('done\n')
  })

  test('1.5 MB go in whole, and then the end', async () => {
    const session = await lab.attached(['sh', '-c', 'cat; echo end'], { stdin: true })
    const input = Buffer.alloc(1_500_000, '0123456789abcdef\n')
    session.stdin?.end(input)
    const { stdout } = await collect(session)
    expect(Buffer.from(stdout).equals(Buffer.concat([input, Buffer.from('end\n')]))).toBe(true)
  })

  test('a command need not read its input', async () => {
    const session = await lab.attached(['true'], { stdin: true })
    session.stdin?.end(Buffer.alloc(1_500_000))
    expect(await collect(session)).toMatchObject({ code: 0 })
  })

  test('without input it reads an end of file at once', async () => {
    expect(await collect(await sh('cat; echo end'))).toMatchObject({ stdout: 'end\n' })
  })
})

test('descriptors are handed over as 3 and 4', async () => {
  const paths = ['first', 'second'].map((name) => join(lab.lab.path, name))
  const fds = paths.map((path) => openSync(path, 'w+'))
  const preserveFds = [fds[1] ?? 0, fds[0] ?? 0]
  const session = await sh('echo three >&3; echo four >&4; echo five >&5 || exit 5', { preserveFds })
  for (const fd of fds) closeSync(fd)
  expect((await collect(session)).code).not.toBe(0)
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['four\n', 'three\n'])
})

describe('a start that is not to be', () => {
  test('never runs where it was aborted before', async () => {
    const reason = new Error('enough')
    const call = { signal: AbortSignal.abort(reason) }
    await expect(lab.attached(longSleep(987), {}, call)).rejects.toBe(reason)
    expect(await processesNaming(markOf(987))).toEqual([])
  })

  test.each([0, 5, 10, 20, 30])('leaves nothing where it is aborted after %i ms', async (ms) => {
    const abort = new AbortController()
    const options = lab.options(longSleep(9800 + ms))
    const starting = lab.attached(options.command, options, { signal: abort.signal })
    await delay(ms)
    abort.abort(new Error('enough'))
    const session = await starting.catch(() => undefined)
    session?.release()
    signalSession(session?.process, 9)
    await expect.poll(() => processesNaming(options.sessionDir)).toEqual([])
    await expect.poll(() => processesNaming(markOf(9800 + ms))).toEqual([])
  })

  test('is ended and told when its time is up', async () => {
    const error = await lab.attached(longSleep(986), {}, { timeoutMs: 1 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ failure: 'timed-out' })
    await expect.poll(() => processesNaming(markOf(986))).toEqual([])
  })
})
