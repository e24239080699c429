import { describe, expect, it } from 'vitest'
import { type ConmonOptions, conmonArgv, conmonEnv } from '../../../effects/conmon/argv.ts'

const options: ConmonOptions = {
  conmonPath: '/usr/bin/conmon',
  runtimePath: '/usr/sbin/runc',
  runtimeRoot: '/run/x/runtime',
  id: 'web',
  bundle: '/srv/web',
  runDir: '/run/x/containers/web',
  logPath: '/var/log/web.log',
  exitsDir: '/run/x/exits',
  socketsDir: '/run/x/socket',
  terminal: false,
  stdin: false,
}

describe('conmonArgv', () => {
  it('says all that conmon must know', () => {
    expect(conmonArgv(options)).toEqual([
      ...['-c', 'web', '-u', 'web', '-r', '/usr/sbin/runc', '-b', '/srv/web'],
      ...['-p', '/run/x/containers/web/pidfile', '-P', '/run/x/containers/web/conmon.pid'],
      ...[
        '-l',
        'k8s-file:/var/log/web.log',
        '--exit-dir',
        '/run/x/exits',
        '--socket-dir-path',
        '/run/x/socket',
      ],
      ...['--persist-dir', '/run/x/containers/web', '--log-level', 'warning'],
      ...['--runtime-arg', '--root', '--runtime-arg', '/run/x/runtime'],
      ...['--runtime-arg', '--log', '--runtime-arg', '/run/x/containers/web/runtime.log'],
      ...['--runtime-arg', '--log-format', '--runtime-arg', 'json'],
    ])
  })

  it('asks for a terminal, or else for a standard input', () => {
    expect(conmonArgv({ ...options, terminal: true, stdin: true })).toContain('-t')
    expect(conmonArgv({ ...options, terminal: true, stdin: true })).not.toContain('-i')
    expect(conmonArgv({ ...options, stdin: true })).toContain('-i')
  })

  it('hands on the level of logging and the cgroup manager', () => {
    const argv = conmonArgv({ ...options, logLevel: 'debug', systemdCgroup: true })
    expect(argv[0]).toBe('-s')
    expect(argv[argv.indexOf('--log-level') + 1]).toBe('debug')
  })

  it('refuses what conmon would misread', () => {
    expect(() => conmonArgv({ ...options, id: '--help' })).toThrow('cannot be a container')
    expect(() => conmonArgv({ ...options, logPath: '/a:b' })).toThrow('colon')
  })
})

describe('conmonEnv', () => {
  it('has a fixed path, the two pipes, and nothing of ours', () => {
    expect(conmonEnv(options)).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/',
      _OCI_SYNCPIPE: '4',
      _OCI_STARTPIPE: '3',
    })
  })

  it('has what else is given', () => {
    const given = { xdgRuntimeDir: '/run/user/1', home: '/home/a', notifySocket: '/run/n' }
    expect(conmonEnv({ ...options, ...given })).toMatchObject({
      XDG_RUNTIME_DIR: '/run/user/1',
      HOME: '/home/a',
      NOTIFY_SOCKET: '/run/n',
    })
  })
})
