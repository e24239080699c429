import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ProgramError } from '../../../effects/errors.ts'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { type ProgramRequest, runProgram } from '../../../effects/program/program.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

const sh = (script: string, rest: Partial<ProgramRequest> = {}) =>
  runProgram({
    path: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    timeoutMs: 30_000,
    ...rest,
  })

describe('runProgram', () => {
  it('gives the exit code and both streams, and does not reject for a failure', async () => {
    const result = await sh('echo out; echo err >&2; exit 7')
    expect(result).toMatchObject({
      exitCode: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
    })
    expect(result.durationMs).toBeGreaterThan(0)
  })

  it('gives the signal that ended it', async () => {
    expect(await sh('kill -TERM $$')).toMatchObject({ exitCode: null, signal: 'SIGTERM', timedOut: false })
  })

  it('hands on no variable but those given', async () => {
    const { stdout } = await runProgram({
      path: '/usr/bin/env',
      args: [],
      env: { ONE: '1' },
      timeoutMs: 30_000,
    })
    expect(stdout).toBe('ONE=1\n')
  })

  it('runs in a session of its own, with an empty standard input', async () => {
    const { stdout } = await sh(
      'cut -d" " -f1,6 /proc/$$/stat | (read pid session; test $pid = $session && cat && echo own)',
    )
    expect(stdout).toBe('own\n')
  })

  it('drains 100 MB and keeps the end of each stream', async () => {
    const script = 'head -c 100000000 /dev/zero; echo end; head -c 300000 /dev/zero >&2; echo end >&2'
    const { stdout, stderr, exitCode } = await sh(script, { maxOutputBytes: 1000 })
    expect(exitCode).toBe(0)
    expect(stdout).toHaveLength(1000)
    expect(stdout.endsWith('end\n')).toBe(true)
    expect(stderr).toHaveLength(1000)
    expect(stderr.endsWith('end\n')).toBe(true)
  })

  it('does not wait for a daemon that keeps the output open', async () => {
    await using directory = await temporaryDirectory()
    const pidFile = join(directory.path, 'pid')
    const { stdout, exitCode } = await sh(`echo said; sleep 300 & echo $! > ${pidFile}`)
    const daemon = identifyProcess(Number(readFileSync(pidFile, 'utf8')))
    expect({ stdout, exitCode }).toEqual({ stdout: 'said\n', exitCode: 0 })
    expect(daemon).toBeDefined()
    if (daemon !== undefined) process.kill(daemon.pid, 'SIGKILL')
  })

  it('kills the whole process group when time is up', async () => {
    await using directory = await temporaryDirectory()
    const pidFile = join(directory.path, 'pid')
    const result = await sh(`sleep 300 & echo $! > ${pidFile}; trap "" TERM; wait`, { timeoutMs: 300 })
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true })
    await gone(Number(readFileSync(pidFile, 'utf8')))
  })

  it('kills the whole process group and rejects with the reason when aborted', async () => {
    await using directory = await temporaryDirectory()
    const pidFile = join(directory.path, 'pid')
    const stop = new AbortController()
    const run = sh(`sleep 300 & echo $! > ${pidFile}; wait`, { signal: stop.signal })
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await delay(5)
    stop.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    await gone(Number(readFileSync(pidFile, 'utf8')))
  })

  it('lets go of the output when aborted, though a daemon holds it', async () => {
    await using directory = await temporaryDirectory()
    const pidFile = join(directory.path, 'pid')
    const before = readdirSync('/proc/self/fd').length
    const stop = new AbortController()
    const run = sh(`setsid sh -c 'echo $$ > ${pidFile}; exec sleep 300' & wait`, { signal: stop.signal })
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await delay(5)
    stop.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
    const daemon = Number(readFileSync(pidFile, 'utf8'))
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBe(before)
    expect(identifyProcess(daemon)).toBeDefined()
    process.kill(daemon, 'SIGKILL')
  })

  it('starts nothing when aborted already', async () => {
    await using directory = await temporaryDirectory()
    const signal = AbortSignal.abort(new Error('before'))
    await expect(sh(`touch ${join(directory.path, 'started')}`, { signal })).rejects.toThrow('before')
    await delay(50)
    expect(readdirSync(directory.path)).toEqual([])
  })

  it.each([
    ['/nonexistent/program', 'no such file'],
    ['/etc/passwd', 'not executable'],
    ['/etc', 'not executable'],
  ])('says why %s cannot be started', async (path, why) => {
    const run = runProgram({ path, args: [], env: {}, timeoutMs: 30_000 })
    await expect(run).rejects.toThrow(ProgramError)
    await expect(run).rejects.toThrow(why)
  })

  it('tells a missing working directory from a missing program', async () => {
    await expect(sh('true', { cwd: '/nonexistent' })).rejects.toThrow('its working directory /nonexistent')
  })
})

/** Resolves once there is no such process; the test's time limit is the bound. */
async function gone(pid: number): Promise<void> {
  while (identifyProcess(pid) !== undefined) await delay(5)
}
