import { describe, expect, it } from 'vitest'
import { type GenerateContext, generateSpec } from '../../src/spec/generate.ts'
import type { CreateOptions } from '../../src/types.ts'

const root: GenerateContext = {
  id: '0123456789abcdef0123456789abcdef',
  uid: 0,
  gid: 0,
  cgroupV2: false,
  cgroupsPath: '/runchart-x',
}
const user: GenerateContext = { ...root, uid: 1000, gid: 100, cgroupsPath: undefined }

function generate(options: Omit<CreateOptions, 'rootfs'> = {}, context = root) {
  return generateSpec({ rootfs: '/srv/web', command: ['true'], ...options }, context)
}

describe('a generated spec', () => {
  it('runs the command as root in / without a terminal', () => {
    expect(generate({ command: ['sh', '-c', 'echo hi'] }).process).toMatchObject({
      args: ['sh', '-c', 'echo hi'],
      user: { uid: 0, gid: 0 },
      cwd: '/',
      terminal: false,
      noNewPrivileges: false,
    })
  })

  it("has podman's default capabilities, none of them inheritable", () => {
    const { capabilities } = generate().process
    expect(capabilities?.bounding).toEqual([
      'CAP_CHOWN',
      'CAP_DAC_OVERRIDE',
      'CAP_FOWNER',
      'CAP_FSETID',
      'CAP_KILL',
      'CAP_NET_BIND_SERVICE',
      'CAP_SETFCAP',
      'CAP_SETGID',
      'CAP_SETPCAP',
      'CAP_SETUID',
      'CAP_SYS_CHROOT',
    ])
    expect(capabilities?.effective).toEqual(capabilities?.bounding)
    expect(capabilities?.permitted).toEqual(capabilities?.bounding)
    expect(capabilities?.inheritable).toBeUndefined()
    expect(capabilities?.ambient).toBeUndefined()
  })

  it('gives a user other than root no capability to start with', () => {
    const { capabilities } = generate({}, { ...root, user: { uid: 7, gid: 7 } }).process
    expect(capabilities).toMatchObject({ effective: [], permitted: [] })
    expect(capabilities?.bounding).toContain('CAP_SETUID')
  })

  it('asks for no rlimits and no seccomp filter', () => {
    const spec = generate()
    expect(spec.process).not.toHaveProperty('rlimits')
    expect(spec.linux).not.toHaveProperty('seccomp')
  })

  it('has a search path, no TERM, and the variables that were given', () => {
    expect(generate({ env: ['A=1', 'B=x=y'] }).process.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'A=1',
      'B=x=y',
    ])
  })

  it('has the first 12 digits of the id as its host name, unless another is given', () => {
    expect(generate().hostname).toBe('0123456789ab')
    expect(generate({ hostname: 'web' }).hostname).toBe('web')
  })

  it('has pid, network, ipc, uts and mount namespaces, and a cgroup namespace on cgroup v2', () => {
    const types = (context: GenerateContext) =>
      generate({}, context).linux?.namespaces?.map(({ type }) => type)
    expect(types(root)).toEqual(['pid', 'network', 'ipc', 'uts', 'mount'])
    expect(types({ ...root, cgroupV2: true })).toEqual(['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'])
  })

  it('mounts the pseudo file systems, /sys and the cgroups read-only', () => {
    const mounts = generate().mounts ?? []
    expect(mounts.map(({ destination }) => destination)).toEqual([
      '/proc',
      '/dev',
      '/dev/pts',
      '/dev/shm',
      '/dev/mqueue',
      '/sys',
      '/sys/fs/cgroup',
    ])
    expect(
      mounts.filter(({ options }) => options?.includes('ro')).map(({ destination }) => destination),
    ).toEqual(['/sys', '/sys/fs/cgroup'])
  })

  it("masks the kernel's secrets and makes its settings read-only", () => {
    expect(generate().linux?.maskedPaths).toEqual(expect.arrayContaining(['/proc/kcore', '/sys/firmware']))
    expect(generate().linux?.readonlyPaths).toEqual(
      expect.arrayContaining(['/proc/sys', '/proc/sysrq-trigger']),
    )
  })

  it('refuses devices that the runtime does not allow by itself', () => {
    expect(generate().linux?.resources).toEqual({ devices: [{ allow: false, access: 'rwm' }] })
  })

  it('sets the limits that were given', () => {
    expect(generate({ memory: 64_000_000, pidsLimit: 50, cpus: 1.5 }).linux?.resources).toMatchObject({
      memory: { limit: 64_000_000 },
      pids: { limit: 50 },
      cpu: { quota: 150_000, period: 100_000 },
    })
  })

  it('has a writable root file system, unless asked for a read-only one', () => {
    expect(generate().root).toEqual({ path: '/srv/web', readonly: false })
    expect(generate({ readOnly: true }).root.readonly).toBe(true)
  })

  it('puts the container into the cgroup of the context', () => {
    expect(generate().linux?.cgroupsPath).toBe('/runchart-x')
  })
})

describe('a spec generated for somebody other than root', () => {
  it('maps the caller to root in a user namespace', () => {
    const { linux } = generate({}, user)
    expect(linux?.namespaces).toContainEqual({ type: 'user' })
    expect(linux?.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }])
    expect(linux?.gidMappings).toEqual([{ containerID: 0, hostID: 100, size: 1 }])
  })

  it('names no cgroup and no limit that was not asked for', () => {
    const { linux } = generate({}, user)
    expect(linux).not.toHaveProperty('cgroupsPath')
    expect(linux).not.toHaveProperty('resources')
    expect(generate({ pidsLimit: 5 }, user).linux?.resources).toEqual({ pids: { limit: 5 } })
  })

  it("binds the host's /sys and names no group for terminals", () => {
    const mounts = generate({}, user).mounts ?? []
    expect(mounts).toContainEqual(expect.objectContaining({ destination: '/sys', source: '/sys' }))
    expect(mounts.flatMap(({ options = [] }) => options)).not.toContain('gid=5')
  })
})
