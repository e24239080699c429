import { describe, expect, it } from 'vitest'
import {
  type ExecOptions,
  execArgv,
  execConmonArgv,
  execConmonEnv,
  execProcessSpec,
  execSpecArgv,
  needsProcessSpec,
} from '../../../effects/index.ts'

const options: ExecOptions = {
  runtimePath: '/usr/sbin/runc',
  runtimeRoot: '/run/x/runtime',
  containerId: 'c1',
  sessionId: 's1',
  sessionDir: '/run/x/s1',
  command: ['id', '-u'],
  env: [],
  capabilities: [],
  tty: false,
  noNewPrivileges: false,
  preserveFds: [],
}
const monitored = { ...options, conmonPath: '/usr/bin/conmon', socketsDir: '/run/x/socket', stdin: false }

describe('the runtime’s arguments', () => {
  it('are the least that a command needs', () => {
    expect(execArgv(options).join(' ')).toBe(
      '--root /run/x/runtime --log /run/x/s1/runtime.log --log-format json ' +
        'exec --pid-file /run/x/s1/pidfile --tty=false c1 id -u',
    )
  })

  it('say everything that may be asked for, options before the container, the command last', () => {
    const all = {
      ...options,
      cwd: '/tmp',
      tty: true,
      user: { uid: 1000, gid: 50 },
      preserveFds: [7, 9],
      noNewPrivileges: true,
      capabilities: ['CAP_KILL', 'CAP_CHOWN'],
      env: ['A=1', 'B=two words'],
      command: ['sh', '-c', 'exit 3', '--root', '/'],
    }
    const args = execArgv(all)
    expect(args.slice(args.indexOf('exec'))).toEqual([
      'exec',
      ...['--cwd', '/tmp', '--pid-file', '/run/x/s1/pidfile', '--tty', '--user', '1000:50'],
      ...['--preserve-fds=2', '--no-new-privs', '--cap', 'CAP_KILL', '--cap', 'CAP_CHOWN'],
      ...['--env', 'A=1', '--env', 'B=two words'],
      ...['c1', 'sh', '-c', 'exit 3', '--root', '/'],
    ])
  })

  it('name a specification where only that says the same to every runtime', () => {
    const grouped = { ...options, user: { uid: 1, gid: 2, additionalGids: [3] }, preserveFds: [5] }
    const plain = { ...options, user: { uid: 1, gid: 2 }, cwd: '/tmp', tty: true, noNewPrivileges: true }
    expect(needsProcessSpec(plain)).toBe(false)
    for (const more of [{ env: ['A=1'] }, { capabilities: ['CAP_KILL'] }, grouped]) {
      expect(needsProcessSpec({ ...options, ...more })).toBe(true)
    }
    const args = execSpecArgv(grouped, '/run/x/s1/process.json')
    expect(args.slice(args.indexOf('exec')).join(' ')).toBe(
      'exec --process /run/x/s1/process.json --pid-file /run/x/s1/pidfile --preserve-fds=1 c1',
    )
  })

  it.each([
    ['no command', { command: [] }],
    ['an empty program', { command: [''] }],
    ['no session id', { sessionId: '' }],
    ['a session id that is a path', { sessionId: '../s' }],
    ['a container id that is a flag', { containerId: '--root' }],
  ])('are refused for %s, conmon’s too', (_, wrong) => {
    const refused = expect.objectContaining({ code: 'EINPUT' })
    expect(() => execArgv({ ...options, ...wrong })).toThrow(refused)
    expect(() => execSpecArgv({ ...options, ...wrong }, '/p')).toThrow(refused)
    expect(() => execConmonArgv({ ...monitored, ...wrong })).toThrow(refused)
  })
})

describe('conmon’s arguments', () => {
  it('keep the session’s exit apart from its container’s', () => {
    const args = execConmonArgv(monitored)
    expect(args.join(' ')).toBe(
      '-e --exec-process-spec /run/x/s1/process.json --api-version -c c1 -u s1 -r /usr/sbin/runc -b /run/x/s1 ' +
        '-p /run/x/s1/pidfile -P /run/x/s1/conmon.pid -l none --exit-dir /run/x/s1 --persist-dir /run/x/s1 ' +
        '--socket-dir-path /run/x/socket --log-level warning --runtime-arg --root --runtime-arg /run/x/runtime ' +
        '--runtime-arg --log --runtime-arg /run/x/s1/runtime.log --runtime-arg --log-format --runtime-arg json',
    )
    expect(execConmonArgv({ ...monitored, tty: true })).toContain('-t')
    expect(execConmonArgv({ ...monitored, stdin: true })).toContain('-i')
    expect(execConmonArgv({ ...monitored, attach: true })).toContain('--exec-attach')
  })

  it('put its pipes behind the descriptors that are handed on', () => {
    const env = execConmonEnv({ ...monitored, preserveFds: [10, 11] })
    expect(env).toMatchObject({ _OCI_STARTPIPE: '5', _OCI_SYNCPIPE: '6' })
    expect(execConmonArgv({ ...monitored, preserveFds: [10, 11] }).join(' ')).toContain(
      '--runtime-opt --preserve-fds=2',
    )
    expect(execConmonEnv({ ...monitored, attach: true })).toMatchObject({
      ...{ _OCI_STARTPIPE: '3', _OCI_ATTACHPIPE: '4', _OCI_SYNCPIPE: '5' },
    })
    expect(execConmonEnv(monitored)).toEqual({
      ...{ PATH: expect.any(String), HOME: '/', CHARSET: 'UTF-8' },
      ...{ _OCI_STARTPIPE: '3', _OCI_SYNCPIPE: '4' },
    })
  })
})

describe('the specification of a session’s process', () => {
  const base = {
    args: ['init'],
    env: ['PATH=/bin', 'A=old'],
    cwd: '/srv',
    terminal: true,
    user: { uid: 0, gid: 0, umask: 18 },
    capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], inheritable: ['CAP_KILL'] },
    rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }],
    apparmorProfile: 'web',
  }

  it('is the container’s own but for what is asked', () => {
    expect(execProcessSpec(base, { ...options, noNewPrivileges: true })).toEqual({
      ...base,
      args: ['id', '-u'],
      terminal: false,
      noNewPrivileges: true,
    })
  })

  it('adds variables and capabilities, and replaces directory and user', () => {
    const spec = execProcessSpec(base, {
      ...options,
      env: ['A=new', 'B=2'],
      cwd: '/tmp',
      user: { uid: 5, gid: 6, additionalGids: [7] },
      capabilities: ['CAP_CHOWN', 'CAP_KILL'],
    })
    expect(spec).toMatchObject({
      env: ['PATH=/bin', 'A=new', 'B=2'],
      cwd: '/tmp',
      user: { uid: 5, gid: 6, umask: 18, additionalGids: [7] },
      capabilities: {
        bounding: ['CAP_KILL', 'CAP_CHOWN'],
        effective: ['CAP_KILL', 'CAP_CHOWN'],
        permitted: ['CAP_CHOWN', 'CAP_KILL'],
        inheritable: ['CAP_KILL'],
      },
    })
    expect(base.env).toEqual(['PATH=/bin', 'A=old'])
  })
})
