import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeCgroup } from '../../effects/cgroup/directories.ts'
import { readHierarchies } from '../../effects/cgroup/hierarchies.ts'
import { canBind, freePort } from '../fixtures/ports.ts'
import { script } from '../fixtures/programs.ts'
import { type CliPlace, cliPlace } from './place.ts'

const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.05; done'

async function inspect(place: CliPlace, name: string): Promise<{ id: string; monitorPid: number }> {
  return JSON.parse((await place.cli('inspect', name)).stdout)[0]
}

test('an owner in the background creates containers as the options before the verb said', async () => {
  await using place = await cliPlace()
  const options = ['--log-size-max', '70000', '--no-pivot', '--cgroup-manager', 'cgroupfs', '--reserve-ports']
  const { exitCode, stderr } = await place.cli(
    ...[...options, 'run', '-d', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', FOREVER],
  )
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const { monitorPid } = await inspect(place, 'web')
  const argv = readFileSync(`/proc/${monitorPid}/cmdline`, 'utf8').split('\0')
  expect(argv).toEqual(expect.arrayContaining(['--log-size-max', '70000', '--no-pivot']))
  const owner = readFileSync(`/proc/${await place.owner()}/cmdline`, 'utf8').split('\0')
  expect(owner).toEqual(expect.arrayContaining(options))
})

test("a reserved port is the container's until its exit, and what is taken is refused by name", async () => {
  await using place = await cliPlace()
  const port = await freePort()
  const reserve = ['--reserve-port', `127.0.0.1:${port}`, '--reserve-port', `${port}/udp`]
  expect((await place.sh(FOREVER, '-d', '--name', 'web', ...reserve)).exitCode).toBe(0)
  expect(await canBind('tcp', '127.0.0.1', port)).toBe('EADDRINUSE')
  expect(await canBind('udp', '127.0.0.1', port)).toBe('EADDRINUSE')
  const second = await place.sh('true', '--reserve-port', `127.0.0.1:${port}`)
  expect(second).toMatchObject({ exitCode: 125, stdout: '' })
  expect(second.stderr).toMatch(
    new RegExp(`^runchart: cannot reserve port 127.0.0.1:${port}/tcp: it is taken\nhint: .+\n$`),
  )
  expect((await place.cli('ps', '-aq')).stdout.trim().split('\n')).toHaveLength(1)
  await place.cli('stop', 'web')
  expect(await canBind('tcp', '127.0.0.1', port)).toBe('yes')
  expect(await canBind('udp', '127.0.0.1', port)).toBe('yes')
})

test('an exit command, a pid file of conmon and a parent of the cgroup', async () => {
  await using place = await cliPlace()
  const [told, pidFile] = [join(place.path, 'told'), join(place.path, 'conmon.pid')]
  const note = script(place.path, 'note', `echo "$*" >${told}`)
  const command = ['--exit-command', note, '--exit-command-arg', '--id', '--exit-command-arg', 'a b']
  const flags = ['--conmon-pidfile', pidFile, '--cgroup-parent', `/runchart-test-cli-${process.pid}`]
  await place.sh(FOREVER, '-d', '--name', 'web', ...command, ...flags)
  const { id, monitorPid } = await inspect(place, 'web')
  expect(readFileSync(pidFile, 'utf8')).toBe(`${monitorPid}\n`)
  const cgroups = readFileSync(`/proc/${monitorPid}/cgroup`, 'utf8')
  expect(cgroups).toContain(`/runchart-test-cli-${process.pid}/runchart-conmon-${id}`)
  await place.cli('rm', '-f', 'web')
  await expect.poll(() => existsSync(told) && readFileSync(told, 'utf8')).toBe('--id a b\n')
  expect(existsSync(pidFile)).toBe(false)
  await removeCgroup(readHierarchies(), `/runchart-test-cli-${process.pid}`)
})

test("a manager of one container's cgroup must be one", async () => {
  await using place = await cliPlace()
  const wrong = await place.sh('true', '--cgroup-manager', 'cgroups')
  expect(wrong.exitCode).toBe(125)
  expect(wrong.stderr).toContain('Allowed choices are cgroupfs, systemd')
  const slice = await place.sh('true', '--cgroup-parent', 'ci.slice')
  expect(slice.exitCode).toBe(125)
  expect(slice.stderr).toMatch(
    /^runchart: invalid parent of the cgroup "ci.slice"\nhint: under cgroupfs, .+\n$/,
  )
})
