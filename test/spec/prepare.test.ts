import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { newId } from '../../src/spec/names.ts'
import { prepareSpec } from '../../src/spec/prepare.ts'
import type { CreateOptions } from '../../src/types.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'

const root = { uid: 0, gid: 0, cgroupV2: false }
const somebody = { uid: 1000, gid: 1000, cgroupV2: false }
const id = newId()

let directory: TemporaryDirectory
let rootfs: string
let bundle: string

beforeAll(async () => {
  directory = await temporaryDirectory()
  bundle = directory.path
  rootfs = join(bundle, 'rootfs')
  await mkdir(join(rootfs, 'etc'), { recursive: true })
  await writeFile(join(rootfs, 'etc/passwd'), 'bob:x:1000:100::/:\nadmin:x:0:0::/:\n')
  await writeFile(join(rootfs, 'etc/group'), 'audio:x:29:bob,admin\n')
  await writeFile(
    join(bundle, 'config.json'),
    JSON.stringify({
      ociVersion: '1.0.2',
      process: { args: ['true'], cwd: '/', terminal: true },
      root: { path: 'rootfs' },
    }),
  )
})

afterAll(async () => {
  await directory[Symbol.asyncDispose]()
})

/** Options around the root file system, and a command. */
function settings(more: CreateOptions = {}): CreateOptions {
  return { rootfs, command: ['true'], ...more }
}

describe('a spec is prepared', () => {
  it('around a root file system given by a relative path', async () => {
    const spec = await prepareSpec(id, settings({ rootfs: relative(process.cwd(), rootfs) }), root)
    expect(spec.root.path).toBe(rootfs)
    expect(spec.hostname).toBe(id.slice(0, 12))
  })

  it('from a bundle, with what the options name changed', async () => {
    const spec = await prepareSpec(id, { bundle, command: ['id'], user: 'bob' }, root)
    expect(spec.process).toMatchObject({
      args: ['id'],
      user: { uid: 1000, gid: 100, additionalGids: [29] },
      cwd: '/',
    })
  })

  it('with a cgroup of its own where it names none and the engine is root', async () => {
    expect((await prepareSpec(id, settings(), root)).linux?.cgroupsPath).toBe(`/runchart-${id}`)
    expect((await prepareSpec(id, { bundle }, root)).linux?.cgroupsPath).toBe(`/runchart-${id}`)
    expect((await prepareSpec(id, settings(), somebody)).linux?.cgroupsPath).toBeUndefined()
  })

  it('with a terminal where the bundle or the options say so', async () => {
    expect((await prepareSpec(id, { bundle }, root)).process.terminal).toBe(true)
    expect((await prepareSpec(id, { bundle, terminal: false }, root)).process.terminal).toBe(false)
    expect((await prepareSpec(id, settings(), root)).process.terminal).toBe(false)
    const { terminal, env } = (await prepareSpec(id, settings({ terminal: true }), root)).process
    expect({ terminal, env }).toEqual({ terminal: true, env: expect.arrayContaining(['TERM=xterm']) })
  })

  it('for an engine that is not root only with root in it', async () => {
    const spec = await prepareSpec(id, settings({ user: 'admin' }), somebody)
    expect(spec.process.user).toEqual({ uid: 0, gid: 0, additionalGids: [] })
    await expect(prepareSpec(id, settings({ user: 'bob' }), somebody)).rejects.toThrow('only root exists')
  })

  it('and nothing is written to the bundle', async () => {
    const before = await readFile(join(bundle, 'config.json'), 'utf8')
    await prepareSpec(id, { bundle, memory: 5_000_000, env: ['A=1'] }, root)
    expect(await readFile(join(bundle, 'config.json'), 'utf8')).toBe(before)
    expect(await readdir(bundle)).toEqual(['config.json', 'rootfs'])
  })
})

describe('a container is refused', () => {
  it.each<[string, CreateOptions, string]>([
    ['no source', { command: ['true'] }, 'neither a bundle nor a root file system'],
    ['two sources', { bundle: '/b', rootfs: '/r', command: ['true'] }, 'both are given'],
    ['a root file system alone', { rootfs: '/r' }, 'needs a command'],
    ['an empty path', { bundle: '' }, 'invalid path'],
    ['a NUL byte in a path', { bundle: '/a\0b' }, 'invalid path "/a\\u0000b"'],
    ['an empty name', settings({ name: '' }), 'it is empty'],
    ['an empty command', settings({ command: [] }), 'invalid command'],
    ['an empty program', settings({ command: [''] }), 'invalid command'],
    ['a NUL byte in an argument', settings({ command: ['a', '\0'] }), 'invalid argument'],
    ['a variable without =', settings({ env: ['A'] }), 'invalid environment variable "A"'],
    ['a variable without a name', settings({ env: ['=1'] }), 'invalid environment variable "=1"'],
    ['a NUL byte in a variable', settings({ env: ['A=\0'] }), 'invalid environment variable'],
    ['a relative workdir', settings({ workdir: 'tmp' }), 'invalid working directory "tmp"'],
    ['an empty user', settings({ user: '' }), 'invalid user'],
    ['an empty host name', settings({ hostname: '' }), 'invalid host name'],
    ['a host name of 65 characters', settings({ hostname: 'h'.repeat(65) }), 'invalid host name'],
    ['a host name with a space', settings({ hostname: 'a b' }), 'invalid host name'],
    ['no memory', settings({ memory: 0 }), 'invalid memory limit 0'],
    ['half a byte of memory', settings({ memory: 0.5 }), 'invalid memory limit 0.5'],
    ['endless memory', settings({ memory: Number.POSITIVE_INFINITY }), 'invalid memory limit'],
    ['no processes', settings({ pidsLimit: 0 }), 'invalid limit of processes 0'],
    ['minus one process', settings({ pidsLimit: -1 }), 'invalid limit of processes -1'],
    ['no CPU', settings({ cpus: 0 }), 'invalid share of CPUs 0'],
    ['less CPU than the kernel counts', settings({ cpus: 0.001 }), 'invalid share of CPUs 0.001'],
    ['NaN CPUs', settings({ cpus: Number.NaN }), 'invalid share of CPUs NaN'],
    ['an unknown signal', settings({ stopSignal: 'NOPE' }), 'unknown signal "NOPE"'],
    ['an unknown network', settings({ network: 'bridge' as never }), 'invalid network "bridge"'],
    ['signal 0', settings({ stopSignal: 0 }), 'unknown signal 0'],
    ['a negative timeout', settings({ stopTimeout: -1 }), 'invalid stop timeout -1'],
    [
      'an endless timeout',
      settings({ stopTimeout: Number.POSITIVE_INFINITY }),
      'invalid stop timeout Infinity',
    ],
    ['a timeout beyond all timers', settings({ stopTimeout: 2147484 }), 'invalid stop timeout 2147484'],
    ['a command that is a text', settings({ command: 'ls' as never }), 'invalid command "ls"'],
    ['a user that is a number', settings({ user: 5 as never }), 'invalid user 5'],
    ['a timeout that is a text', settings({ stopTimeout: '5' as never }), 'invalid stop timeout "5"'],
  ])('with %s', async (_, options, reason) => {
    const refusal = prepareSpec(id, { ...options, ...('rootfs' in options ? { rootfs: '/r' } : {}) }, root)
    await expect(refusal).rejects.toThrow(InvalidInputError)
    await expect(refusal).rejects.toThrow(reason)
  })

  it('with an id that no container can have', async () => {
    await expect(prepareSpec('../x', settings(), root)).rejects.toThrow('invalid container id')
  })

  it('with a root file system that does not exist, or is a file', async () => {
    const absent = prepareSpec(id, settings({ rootfs: join(rootfs, 'absent') }), root)
    await expect(absent).rejects.toThrow('it does not exist')
    const file = prepareSpec(id, settings({ rootfs: join(rootfs, 'etc/passwd') }), root)
    await expect(file).rejects.toThrow('it is not a directory')
  })

  it('with a user that the root file system does not know', async () => {
    await expect(prepareSpec(id, settings({ user: 'eve' }), root)).rejects.toThrow('has no "eve"')
  })
})

describe('a container is accepted', () => {
  it.each<[string, CreateOptions]>([
    ['a grace of 0', { stopTimeout: 0 }],
    ['the longest grace', { stopTimeout: 2147483 }],
    ['half a second of grace', { stopTimeout: 0.5 }],
    ['a signal by number', { stopSignal: 9 }],
    ['a real-time signal', { stopSignal: 'SIGRTMIN+3' }],
    ['a hundredth of a CPU', { cpus: 0.01 }],
    ['an empty argument', { command: ['echo', ''] }],
    ['an empty variable', { env: ['A='] }],
  ])('with %s', async (_, more) => {
    await expect(prepareSpec(id, settings(more), root)).resolves.toBeDefined()
  })
})
