import { describe, expect, it } from 'vitest'
import { checkpointArgv, criuFlags, criuSearchPath, restoreArgv } from '../../../effects/checkpoint/argv.ts'
import { conmonArgv, conmonEnv } from '../../../effects/conmon/argv.ts'
import { FIXED_PATH } from '../../../effects/program/environment.ts'
import { runtimeArgv } from '../../../effects/runtime/argv.ts'

const image = { imagePath: '/i', workPath: '/w', leaveRunning: false, tcpEstablished: false }

describe('a checkpoint', () => {
  it.each([
    [{}, '--image-path /i --work-path /w'],
    [{ leaveRunning: true }, '--image-path /i --work-path /w --leave-running'],
    [{ tcpEstablished: true }, '--image-path /i --work-path /w --tcp-established'],
    [
      { leaveRunning: true, tcpEstablished: true },
      '--image-path /i --work-path /w --leave-running --tcp-established',
    ],
  ])('with %o is asked for by flags', (options, argv) => {
    expect(checkpointArgv({ ...image, ...options })).toEqual(argv.split(' '))
  })

  it('names CRIU before the verb and the container last', () => {
    const argv = runtimeArgv(
      { root: '/r', criuPath: '/opt/criu' },
      { verb: 'checkpoint', id: 'web', ...image },
    )
    expect(argv.join(' ')).toBe('--root /r --criu=/opt/criu checkpoint --image-path /i --work-path /w web')
  })

  it('names no CRIU where none was chosen', () => {
    expect(criuFlags(undefined)).toEqual([])
  })
})

describe('a restore', () => {
  const options = {
    ...{ conmonPath: '/conmon', runtimePath: '/runc', runtimeRoot: '/r', id: 'web', bundle: '/b' },
    ...{ runDir: '/d', logPath: '/l', exitsDir: '/e', socketsDir: '/s', terminal: false, stdin: false },
  }

  it.each([
    [{ imagePath: '/i', tcpEstablished: false }, '--restore /i'],
    [{ imagePath: '/i', tcpEstablished: true }, '--restore /i --restore-arg --tcp-established'],
    [
      { imagePath: '/i', tcpEstablished: true, criuPath: '/opt/criu' },
      '--restore /i --restore-arg --tcp-established --runtime-arg --criu=/opt/criu',
    ],
  ])('of %o is asked of conmon, which hands on what is the runtime’s', (restore, argv) => {
    expect(restoreArgv(restore)).toEqual(argv.split(' '))
    expect(conmonArgv({ ...options, restore }).join(' ')).toContain(argv)
  })

  it('is none where a container is created', () => {
    expect(conmonArgv(options).join(' ')).not.toContain('restore')
  })

  it('leads a runtime that takes no path to the chosen CRIU', () => {
    const restore = { imagePath: '/i', tcpEstablished: false, criuPath: '/opt/sbin/criu' }
    expect(conmonEnv({ ...options, restore }).PATH).toBe(`/opt/sbin:${FIXED_PATH}`)
  })

  it.each([undefined, '/opt/criu-4'])('leaves the search path as it is for %s', (criuPath) => {
    expect(criuSearchPath(criuPath)).toBe(FIXED_PATH)
  })
})
