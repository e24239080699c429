import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identifyProcess, isSameProcess } from '../../../effects/process/identity.ts'
import { type CliPlace, cliPlace, MAIN } from '../../cli/place.ts'
import { install, whyNoApt } from '../../fixtures/debian.ts'
import { recordFault } from '../record.ts'
import { keptExit, killProcess, LOOP, soon } from './lost.ts'

const reason = await whyNoApt()
if (reason === undefined) await install({ strace: 'strace' })

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

const inspect = async (name: string) => JSON.parse((await place.cli('inspect', name)).stdout)[0]

describe('runchart --monitor-lost keep', () => {
  test('has the owner that it starts keep a container whose conmon is killed', async () => {
    const run = await place.cli(
      ...['--monitor-lost', 'keep', 'run', '-d', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', LOOP],
    )
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { pid, monitorPid } = await inspect('web')
    const [first, monitor] = [identifyProcess(pid), identifyProcess(monitorPid)]
    if (first === undefined || monitor === undefined) throw new Error('web does not run')
    await killProcess(monitor)
    await soon(async () => (await inspect('web')).monitorPid).toBeNull()
    expect(await inspect('web')).toMatchObject({ state: 'running', pid })
    expect(isSameProcess(first)).toBe(true)
    const attach = await place.cli('attach', 'web')
    expect(attach).toMatchObject({ exitCode: 125, stdout: '' })
    expect(attach.stderr).toMatch(/conmon is gone.*\nhint: .*log/s)
    expect((await place.cli('exec', 'web', 'echo', 'hello')).stdout).toBe('hello\n')

    expect((await place.cli('stop', 'web')).exitCode).toBe(0)
    const { code, cause } = keptExit(5, 'stopped-by-user')
    expect(await inspect('web')).toMatchObject({ exitCode: code, exit: { cause } })
    const events = (await place.cli('events', '--format', 'json')).stdout
    expect(events.split('\n').filter((line) => line.includes('"monitor.lost"'))).toHaveLength(1)
    recordFault('conmon killed under --monitor-lost keep', 'the container goes on, and stops with its code')
  })

  test.skipIf(reason !== undefined)('is refused by a kernel that cannot watch a process', async () => {
    const without = [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      'trace=pidfd_open',
      '-e',
      'inject=pidfd_open:error=ENOSYS',
    ]
    // Of the place's own there is an owner.
    const elsewhere = ['--root', `${place.path}/root-2`, '--run-root', `${place.path}/run-2`]
    const verb = [process.execPath, MAIN, ...elsewhere, '--embedded']
    const refused = await execa('strace', [...without, ...verb, '--monitor-lost', 'keep', 'ps'], {
      reject: false,
    })
    expect(refused).toMatchObject({ exitCode: 125, stdout: '' })
    expect(refused.stderr).toMatch(/no watch on a process: .*ENOSYS\nhint: it takes Linux 5\.3/)
    const run = ['run', '--rm', '--rootfs', place.rootfs, 'sh', '-c', 'exit 7']
    expect((await execa('strace', [...without, ...verb, ...run], { reject: false })).exitCode).toBe(7)
    recordFault('a kernel without pidfd_open', 'keep is refused with the reason; kill goes on')
  })
})
