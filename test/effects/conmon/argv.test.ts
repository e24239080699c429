import { describe, expect, it } from 'vitest'
import { type ConmonOptions, conmonArgv, conmonDescriptors, conmonEnv } from '../../../effects/conmon/argv.ts'

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

  it('says each thing that is asked for, in its own words', () => {
    const added = (changes: Partial<ConmonOptions>) =>
      conmonArgv({ ...options, ...changes }).filter((word) => !conmonArgv(options).includes(word))
    expect(added({ systemdCgroup: true })).toEqual(['-s'])
    expect(added({ noPivot: true })).toEqual(['--no-pivot'])
    expect(added({ logSizeMax: 8192 })).toEqual(['--log-size-max', '8192'])
    expect(added({ logSizeMax: 0 })).toEqual(['--log-size-max', '0'])
    expect(added({ logSizeMax: -1 })).toEqual([])
    expect(added({ logLevel: 'debug' })).toEqual(['debug', '--syslog'])
    expect(added({ logLevel: 'info' })).toEqual(['info'])
    expect(added({ listenFds: [9] })).toEqual(['--replace-listen-pid'])
    expect(added({ preserveFds: [9, 8] })).toEqual(['--runtime-opt', '--preserve-fds=2'])
    expect(added({ preserveFds: [] })).toEqual([])
    expect(added({ heldFds: [9] })).toEqual([])
  })

  it('hands an exit command on word by word, whatever the words are', () => {
    const argv = conmonArgv({ ...options, exitCommand: ['/bin/notify', '--id', 'a b', ''] })
    const start = argv.indexOf('--exit-command')
    expect(argv.slice(start, start + 8)).toEqual([
      ...['--exit-command', '/bin/notify', '--exit-command-arg', '--id'],
      ...['--exit-command-arg', 'a b', '--exit-command-arg', ''],
    ])
    expect(conmonArgv({ ...options, exitCommand: [] })).toEqual(conmonArgv(options))
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
      CHARSET: 'UTF-8',
      _OCI_SYNCPIPE: '4',
      _OCI_STARTPIPE: '3',
    })
  })

  it('has added variables, which replace none that conmon needs', () => {
    const extraEnv = { TMPDIR: '/x', PATH: '/evil', HOME: '/evil', _OCI_SYNCPIPE: '9', _OCI_ATTACHPIPE: '9' }
    const userNamespace = { _CONTAINERS_ROOTLESS_UID: '1000' }
    const env = conmonEnv({ ...options, userNamespace, extraEnv: { ...extraEnv, LISTEN_PID: '7' } })
    expect(env).toEqual({ ...conmonEnv(options), TMPDIR: '/x', _CONTAINERS_ROOTLESS_UID: '1000' })
  })

  it("tells of the container's own descriptors, which come first, and puts conmon's last", () => {
    const env = conmonEnv({ ...options, listenFds: [3, 4], heldFds: [20] })
    expect(env).toMatchObject({ LISTEN_FDS: '2', LISTEN_PID: '1', _OCI_STARTPIPE: '6', _OCI_SYNCPIPE: '7' })
    const descriptors = { handedOver: [3, 4, 20], startFd: 6, syncFd: 7 }
    expect(conmonDescriptors({ ...options, listenFds: [3, 4], heldFds: [20] })).toEqual(descriptors)
    expect(conmonEnv({ ...options, heldFds: [20] })).not.toHaveProperty('LISTEN_FDS')
  })

  it("puts a caller's descriptors before what is only held, and tells of them by an option alone", () => {
    const given = { ...options, preserveFds: [7, 5], heldFds: [20] }
    expect(conmonDescriptors(given)).toEqual({ handedOver: [7, 5, 20], startFd: 6, syncFd: 7 })
    expect(conmonEnv(given)).not.toHaveProperty('LISTEN_FDS')
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
