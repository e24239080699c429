import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { joinCgroup, removeCgroup } from '../../../effects/cgroup/directories.ts'
import { parseHierarchies, readHierarchies } from '../../../effects/cgroup/hierarchies.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

describe('the hierarchies of a machine', () => {
  test('of version 1, beside a unified one', () => {
    const mountinfo = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw shared:9 master:2 - cgroup cgroup rw,cpuset
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
52 31 0:31 / /elsewhere/cpuset rw - cgroup cgroup rw,cpuset
`
    expect(parseHierarchies(mountinfo)).toEqual([
      { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', version: 1, cpuset: false },
      { mountPoint: '/sys/fs/cgroup/cpuset', version: 1, cpuset: true },
      { mountPoint: '/sys/fs/cgroup/systemd', version: 1, cpuset: false },
      { mountPoint: '/sys/fs/cgroup/unified', version: 2, cpuset: false },
    ])
  })

  test('of version 2 alone, at a place with a blank', () => {
    const mountinfo = '30 23 0:26 / /sys/fs/my\\040cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
    expect(parseHierarchies(mountinfo)).toEqual([
      { mountPoint: '/sys/fs/my cgroup', version: 2, cpuset: false },
    ])
  })
})

describe('a cgroup of version 2', () => {
  test('is one directory below the parent', async () => {
    await using directory = await temporaryDirectory()
    const hierarchies = [{ mountPoint: directory.path, version: 2, cpuset: false } as const]
    await joinCgroup(hierarchies, '/ci.slice/runchart-conmon-x', 42)
    expect(readFileSync(join(directory.path, 'ci.slice/runchart-conmon-x/cgroup.procs'), 'utf8')).toBe('42')
  })
})

describe('a cpuset of version 1', () => {
  test('takes CPUs and memory nodes from above, also over levels that had none', async () => {
    await using directory = await temporaryDirectory()
    const at = (path: string) => join(directory.path, path)
    mkdirSync(at('a/b'), { recursive: true })
    for (const path of ['a', 'a/b']) {
      for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(at(join(path, file)), '\n')
    }
    writeFileSync(at('cpuset.cpus'), '0-3\n')
    writeFileSync(at('cpuset.mems'), '0\n')
    const hierarchies = [{ mountPoint: directory.path, version: 1, cpuset: true } as const]
    await joinCgroup(hierarchies, '/a/b', 42)
    expect(readFileSync(at('a/b/cpuset.cpus'), 'utf8')).toBe('0-3\n')
    expect(readFileSync(at('a/cpuset.mems'), 'utf8')).toBe('0\n')
  })
})

describe('a path that would lead out of its hierarchy', () => {
  test.each(['/../empty', '/ci/../../empty', '../empty'])(
    '%s has nothing removed, and nothing made, outside',
    async (path) => {
      await using directory = await temporaryDirectory()
      const at = (name: string) => join(directory.path, name)
      for (const name of ['mounted', 'empty']) mkdirSync(at(name))
      const hierarchies = [{ mountPoint: at('mounted'), version: 2, cpuset: false } as const]
      await removeCgroup(hierarchies, path)
      expect(existsSync(at('empty'))).toBe(true)
      await joinCgroup(hierarchies, path, 42)
      expect(existsSync(at('empty/cgroup.procs'))).toBe(false)
      expect(readFileSync(at('mounted/empty/cgroup.procs'), 'utf8')).toBe('42')
    },
  )
})

const hierarchies = readHierarchies()
const writable = process.geteuid?.() === 0 && hierarchies.length > 0
const UNABLE = 'only root can make cgroups, where some are mounted'

describe('on this machine', () => {
  const path = `/runchart-test-${randomBytes(4).toString('hex')}/runchart-conmon-x`

  test('a process joins in every hierarchy, and nothing stays behind', async ({ skip }) => {
    if (!writable) skip(UNABLE)
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
    const pid = child.pid ?? 0
    try {
      await joinCgroup(hierarchies, path, pid)
      const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n')
      expect(lines.filter((line) => !line.endsWith(`:${path}`))).toEqual([])
    } finally {
      child.kill('SIGKILL')
    }
    // Not waited for: a process on its way out may be in it still.
    await removeCgroup(hierarchies, path)
    await removeCgroup(hierarchies, dirname(path))
    expect(hierarchies.filter(({ mountPoint }) => existsSync(join(mountPoint, dirname(path))))).toEqual([])
    await removeCgroup(hierarchies, path)
  })

  test('a process that is not there is an error that says so, and the cgroups can be removed', async ({
    skip,
  }) => {
    if (!writable) skip(UNABLE)
    const child = spawn('/bin/true', { stdio: 'ignore' })
    await once(child, 'exit')
    await expect(joinCgroup(hierarchies, path, child.pid ?? 0)).rejects.toThrow('ESRCH')
    await removeCgroup(hierarchies, path)
    await removeCgroup(hierarchies, dirname(path))
  })

  test('a process that stays is an error in the end', async ({ skip }) => {
    if (!writable) skip(UNABLE)
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
    const one = hierarchies.slice(0, 1)
    try {
      await joinCgroup(one, path, child.pid ?? 0)
      await expect(removeCgroup(one, path)).rejects.toThrow('EBUSY')
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await removeCgroup(one, path)
    await removeCgroup(one, dirname(path))
  })
})
