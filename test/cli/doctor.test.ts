import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judgeCgroups, readCgroups } from '../../src/cli/doctor/cgroups.ts'
import { checkDirectory, checkSocketPath } from '../../src/cli/doctor/directories.ts'
import { checkWatch, judgeInotify } from '../../src/cli/doctor/inotify.ts'
import { judgeMoves } from '../../src/cli/doctor/moves.ts'
import { checkOptional } from '../../src/cli/doctor/programs.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { runchart } from './place.ts'

const v1 = (controllers: string): string =>
  `30 25 0:26 / /sys/fs/cgroup/x rw shared:1 - cgroup cgroup rw,${controllers}`
const v2 = '29 23 0:25 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
const ALL = 'cpu memory pids io'

test.for([
  ['v2', v2, ALL, 'ok'],
  ['v2', v2, 'cpu pids', 'warn'],
  ['v1', [v1('cpu,cpuacct'), v1('memory'), v1('pids'), v1('freezer')].join('\n'), ALL, 'ok'],
  ['v1', [v1('cpu'), v1('pids')].join('\n'), ALL, 'warn'],
  ['hybrid', [v2, v1('cpu'), v1('memory'), v1('pids'), v1('freezer')].join('\n'), '', 'ok'],
  // systemd's own hierarchy is version 1 and has no controller.
  ['v2', [v2, v1('name=systemd')].join('\n'), ALL, 'ok'],
  ['none', '22 1 0:20 / /proc rw - proc proc rw', ALL, 'fail'],
] as const)('cgroups %s', ([mode, mountinfo, controllers, status]) => {
  const cgroups = readCgroups(mountinfo, () => `${controllers}\n`)
  expect(cgroups.mode).toBe(mode)
  expect(judgeCgroups(cgroups).status).toBe(status)
})

test('a missing controller is told by what will not work', () => {
  const { detail, hint } = judgeCgroups(readCgroups(v2, () => 'cpu pids'))
  expect(detail).toContain('--memory')
  expect(hint).toContain('cgroup.subtree_control')
})

test('where the kernel takes its time to move a process, the mount option that spares it is told', () => {
  const told = {
    check: 'cgroup moves',
    status: 'ok',
    hint: expect.stringContaining('remount,favordynmods /sys/fs/cgroup,'),
  }
  expect(judgeMoves(v2, '6.0.0-generic')).toMatchObject([told])
  expect(judgeMoves(v2, '5.19.17')).toEqual([])
  expect(judgeMoves(v1('memory'), '6.18.44')).toEqual([])
  expect(judgeMoves(`${v1('memory')}\n${v2},favordynmods`, '6.18.44')).toEqual([
    { check: 'cgroup moves', status: 'ok', detail: 'quick (favordynmods)' },
  ])
})

test('small limits of inotify are warned of with the command that raises them', () => {
  const limits = { max_user_instances: 128, max_user_watches: 65_536, max_queued_events: 16_384 }
  const findings = judgeInotify(limits)
  expect(findings.map(({ status }) => status)).toEqual(['warn', 'ok', 'ok'])
  expect(findings[0]?.hint).toContain('sysctl -w fs.inotify.max_user_instances=')
})

test('a watch that can be had is found', () => {
  expect(checkWatch()).toEqual({ check: 'inotify', status: 'ok', detail: 'a watch can be had' })
})

test('directories', async () => {
  await using directory = await temporaryDirectory()
  const check = (name: string): string => checkDirectory('root', join(directory.path, name), '--root').status
  await writeFile(join(directory.path, 'file'), '')
  await mkdir(join(directory.path, 'open'), { mode: 0o755 })
  await chmod(join(directory.path, 'open'), 0o755)
  await mkdir(join(directory.path, 'private'), { mode: 0o700 })
  expect(check('private')).toBe('ok')
  expect(check('to/be/made')).toBe('ok')
  expect(check('open')).toBe('warn')
  expect(check('file')).toBe('fail')
  expect(check('file/below')).toBe('fail')
  expect(checkSocketPath('/run/runchart').status).toBe('ok')
  expect(checkSocketPath(`/tmp/${'x'.repeat(100)}`).status).toBe('fail')
})

test('a program that only some of it needs is warned of, with what will not work', () => {
  expect(checkOptional('/bin/true', 'criu')).toEqual({ check: 'criu', status: 'ok', detail: '/bin/true' })
  expect(checkOptional('/nonexistent/criu', 'criu')).toMatchObject({
    status: 'warn',
    detail: '/nonexistent/criu does not exist: checkpoint and restore will not work',
    hint: expect.stringContaining('--criu'),
  })
  expect(checkOptional('/nonexistent', 'slirp4netns')).toMatchObject({ check: 'slirp4netns', status: 'warn' })
})

test('doctor starts no owner, and its exit code tells of a failure', async () => {
  await using directory = await temporaryDirectory()
  const places = ['--root', join(directory.path, 'root'), '--run-root', join(directory.path, 'run')]
  const well = await runchart([...places, 'doctor', '--format', 'json'])
  const findings = JSON.parse(well.stdout)
  expect(well.exitCode).toBe(findings.some(({ status }: { status: string }) => status === 'fail') ? 1 : 0)
  expect(findings).toContainEqual({ check: 'owner', status: 'ok', detail: 'none; a verb starts one' })
  const ill = await runchart([...places, '--runtime', '/nonexistent/runc', '--conmon', '/bin/true', 'doctor'])
  expect(ill.exitCode).toBe(1)
  expect(ill.stdout).not.toMatch(/^fail +(criu|slirp4netns)/m)
  expect(ill.stdout).toMatch(/^fail +conmon +\/bin\/true is not conmon/m)
  expect(ill.stdout).toMatch(/^fail +runtime +.*nonexistent.*\n +hint: /m)
})
