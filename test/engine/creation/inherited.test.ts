import { expect, test } from 'vitest'
import { readInherited } from '../../../src/engine/creation/inherited.ts'

const own = { pid: 42, isOpen: (fd: number) => fd <= 5 }

test('nothing is inherited that is not named', () => {
  expect(readInherited({ PATH: '/x', SECRET: 'x' }, own)).toEqual({
    xdgRuntimeDir: undefined,
    notifySocket: undefined,
    userNamespace: {},
    listenFds: [],
  })
})

test('what is named is inherited where it is set', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/1', NOTIFY_SOCKET: '@n', _CONTAINERS_ROOTLESS_UID: '1000' }
  expect(readInherited(env, own)).toMatchObject({
    xdgRuntimeDir: '/run/user/1',
    notifySocket: '@n',
    userNamespace: { _CONTAINERS_ROOTLESS_UID: '1000' },
  })
})

test.for([
  ['descriptors handed to this process', { LISTEN_PID: '42', LISTEN_FDS: '3' }, [3, 4, 5]],
  ['one', { LISTEN_PID: '42', LISTEN_FDS: '1' }, [3]],
  ['none where they were handed to another', { LISTEN_PID: '41', LISTEN_FDS: '1' }, []],
  ['none where nobody is named', { LISTEN_FDS: '1' }, []],
  ['none where one of them is not open', { LISTEN_PID: '42', LISTEN_FDS: '4' }, []],
  ['none where the number is none', { LISTEN_PID: '42', LISTEN_FDS: '-1' }, []],
  ['none where it is absurd', { LISTEN_PID: '42', LISTEN_FDS: '999999999999' }, []],
] as const)('%s', ([, env, fds]) => {
  expect(readInherited({ ...env }, own).listenFds).toEqual(fds)
})
