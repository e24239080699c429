import { describe, expect, it } from 'vitest'
import { applyOverrides } from '../../src/spec/overrides.ts'
import type { Spec } from '../../src/spec/types.ts'

const spec = {
  ociVersion: '1.0.2',
  process: {
    args: ['old'],
    env: ['PATH=/bin', 'A=1'],
    cwd: '/old',
    user: { uid: 1, gid: 1, umask: 18, additionalGids: [3] },
  },
  root: { path: '/srv/web' },
  hostname: 'old',
  hooks: { prestart: [] },
  linux: {
    cgroupsPath: '/old',
    resources: { memory: { limit: 1, swap: 2 }, pids: { limit: 1 }, devices: [{ allow: false }] },
  },
} satisfies Spec & { hooks: unknown }

describe('options given beside a bundle', () => {
  it('change nothing where there are none', () => {
    expect(applyOverrides(spec, {})).toEqual(spec)
  })

  it.each([
    ['command', { command: ['new', '-x'] }, { process: { ...spec.process, args: ['new', '-x'] } }],
    ['workdir', { workdir: '/new' }, { process: { ...spec.process, cwd: '/new' } }],
    ['hostname', { hostname: 'new' }, { hostname: 'new' }],
    ['readOnly', { readOnly: true }, { root: { path: '/srv/web', readonly: true } }],
    [
      'network',
      { network: 'none' as const },
      { linux: { ...spec.linux, namespaces: [{ type: 'network' }] } },
    ],
    ['readOnly off', { readOnly: false }, { root: { path: '/srv/web', readonly: false } }],
  ])('%s changes just that', (_, options, change) => {
    expect(applyOverrides(spec, options)).toEqual({ ...spec, ...change })
  })

  it('network takes the place of one that is somebody else’s', () => {
    const namespaces = [{ type: 'pid' }, { type: 'network', path: '/run/netns/other' }]
    const joined = { ...spec, linux: { namespaces } }
    expect(applyOverrides(joined, { network: 'slirp4netns' }).linux?.namespaces).toEqual([
      { type: 'pid' },
      { type: 'network' },
    ])
    expect(applyOverrides(joined, {}).linux?.namespaces).toEqual(namespaces)
  })

  it('env replaces a variable of the same name where it stands and adds the others', () => {
    const { env } = applyOverrides(spec, { env: ['B=2', 'PATH=/sbin', 'B=3', 'AB='] }).process
    expect(env).toEqual(['PATH=/sbin', 'A=1', 'B=3', 'AB='])
  })

  it.each([
    ['memory', { memory: 9 }, { memory: { limit: 9, swap: 2 } }],
    ['pidsLimit', { pidsLimit: 9 }, { pids: { limit: 9 } }],
    ['cpus', { cpus: 0.25 }, { cpu: { quota: 25_000, period: 100_000 } }],
  ])('%s changes just that limit', (_, options, change) => {
    const changed = applyOverrides(spec, options)
    expect(changed.linux).toEqual({ ...spec.linux, resources: { ...spec.linux.resources, ...change } })
  })

  it('a limit is set also where the bundle has no linux member', () => {
    const { linux: _, ...bare } = spec
    expect(applyOverrides(bare, { memory: 9 }).linux).toEqual({ resources: { memory: { limit: 9 } } })
    expect(applyOverrides(bare, {})).not.toHaveProperty('linux')
  })

  it("a user takes the former one's place, additional groups too, and leaves the umask", () => {
    const { user } = applyOverrides(spec, { user: 'bob' }, { uid: 7, gid: 8 }).process
    expect(user).toEqual({ uid: 7, gid: 8, umask: 18, additionalGids: [] })
  })

  it('never touch the spec that was given, nor share anything with it', () => {
    const before = structuredClone(spec)
    const changed = applyOverrides(spec, { command: ['new'], env: ['A=2'] })
    changed.process.args.push('more')
    changed.linux?.resources?.devices?.pop()
    changed.process.user?.additionalGids?.push(9)
    expect(spec).toEqual(before)
  })
})
