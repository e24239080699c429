import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Hierarchy } from '../../../effects/cgroup/hierarchies.ts'
import { readUsage } from '../../../effects/cgroup/usage.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

const NOTHING = { cpuMs: null, memoryPeak: null }

/** Hierarchies of which each stands for a mount, with the files that are given. */
function hierarchies(path: string, files: Record<string, string>): Hierarchy[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  const roots = new Set(Object.keys(files).map((name) => name.split('/')[0] ?? ''))
  return [...roots].map((root) => ({ mountPoint: join(path, root), version: 1, cpuset: false }))
}

test('version 1 tells of CPU and of memory in a hierarchy each', async () => {
  await using directory = await temporaryDirectory()
  const found = hierarchies(directory.path, {
    'cpu/c1/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
    'cpuacct/c1/cpuacct.usage': '1234567890\n',
    'memory/c1/memory.max_usage_in_bytes': '4096\n',
  })
  expect(readUsage(found, '/c1')).toEqual({ cpuMs: 1235, memoryPeak: 4096 })
})

test('version 2 tells of both in one', async () => {
  await using directory = await temporaryDirectory()
  const found = hierarchies(directory.path, {
    'unified/ci.slice/c1/cpu.stat': 'usage_usec 2500\nuser_usec 2000\nsystem_usec 500\n',
    'unified/ci.slice/c1/memory.peak': '8192\n',
  })
  expect(readUsage(found, '/ci.slice/c1')).toEqual({ cpuMs: 3, memoryPeak: 8192 })
})

test('what cannot be read is null: an older kernel, a cgroup that is gone, one without controllers', async () => {
  await using directory = await temporaryDirectory()
  const found = hierarchies(directory.path, {
    'unified/c1/cpu.stat': 'usage_usec 0\n',
    'unified/odd/memory.peak': 'max\n',
  })
  expect(readUsage(found, '/c1')).toEqual({ cpuMs: 0, memoryPeak: null })
  expect(readUsage(found, '/odd')).toEqual(NOTHING)
  expect(readUsage(found, '/gone')).toEqual(NOTHING)
  expect(readUsage([], '/c1')).toEqual(NOTHING)
})
