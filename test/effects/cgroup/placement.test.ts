import { describe, expect, test } from 'vitest'
import { containerCgroupsPath, monitorPlacement } from '../../../effects/cgroup/placement.ts'
import { startScopeArgv } from '../../../effects/cgroup/scope.ts'

describe("conmon's place under cgroupfs", () => {
  test.for([
    ['/runchart-web', '/runchart-conmon-web'],
    ['/ci/job-7/runchart-web', '/ci/job-7/runchart-conmon-web'],
    ['/../../etc/x', '/etc/runchart-conmon-web'],
    ['//a//b', '/a/runchart-conmon-web'],
  ])('beside %s is %s', ([cgroupsPath, path]) => {
    expect(monitorPlacement('cgroupfs', 'web', cgroupsPath)).toEqual({ manager: 'cgroupfs', path })
  })

  test.for([[undefined], [''], ['relative/path']])('beside %j is left alone', ([cgroupsPath]) => {
    expect(monitorPlacement('cgroupfs', 'web', cgroupsPath)).toBeUndefined()
  })
})

describe("conmon's place under systemd", () => {
  test.for([
    ['machine.slice:runchart:web', 'machine.slice'],
    ['ci-job.slice:x:y', 'ci-job.slice'],
    ['', 'machine.slice'],
    ['/a/path', 'machine.slice'],
    [undefined, 'machine.slice'],
  ])('beside %j is a scope in %s', ([cgroupsPath, slice]) => {
    const scope = 'runchart-conmon-web.scope'
    expect(monitorPlacement('systemd', 'web', cgroupsPath)).toEqual({ manager: 'systemd', slice, scope })
  })

  test('is asked for in one call', () => {
    const argv = startScopeArgv({ scope: 'runchart-conmon-web.scope', slice: 'ci.slice', pid: 42 })
    expect(argv.slice(6)).toEqual([
      ...['StartTransientUnit', 'ssa(sv)a(sa(sv))', 'runchart-conmon-web.scope', 'replace', '5'],
      ...['Slice', 's', 'ci.slice', 'PIDs', 'au', '1', '42', 'Delegate', 'b', 'true'],
      ...['DefaultDependencies', 'b', 'false', 'CollectMode', 's', 'inactive-or-failed', '0'],
    ])
  })
})

test.for([
  ['cgroupfs', undefined, '/runchart-web'],
  ['cgroupfs', '/ci/job', '/ci/job/runchart-web'],
  ['systemd', undefined, 'machine.slice:runchart:web'],
  ['systemd', 'ci.slice', 'ci.slice:runchart:web'],
  ['systemd', '/ci.slice/ci-job.slice', 'ci-job.slice:runchart:web'],
] as const)('a container of %s below %s is at %s', ([manager, parent, path]) => {
  expect(containerCgroupsPath(manager, 'web', parent)).toBe(path)
})

test('an id that would lead elsewhere is refused', () => {
  expect(() => monitorPlacement('cgroupfs', '../web', '/x')).toThrow('cannot be a container')
  expect(() => containerCgroupsPath('systemd', '--help', undefined)).toThrow('cannot be a container')
})
