import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { loadBundle } from '../../src/spec/bundle.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'

const config = {
  ociVersion: '1.0.2',
  process: { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 } },
  root: { path: 'rootfs' },
}

let directory: TemporaryDirectory
let bundle: string

beforeEach(async () => {
  directory = await temporaryDirectory()
  bundle = directory.path
  await mkdir(join(bundle, 'rootfs'))
})

afterEach(async () => {
  await directory[Symbol.asyncDispose]()
})

async function write(text: string | object): Promise<void> {
  await writeFile(join(bundle, 'config.json'), typeof text === 'string' ? text : JSON.stringify(text))
}

async function refusal(path = bundle): Promise<InvalidInputError> {
  const error = await loadBundle(path).then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(InvalidInputError)
  expect(error.hint).toEqual(expect.stringMatching(/./))
  return error
}

describe('a bundle', () => {
  it("is read as it is, with the root file system's path made absolute", async () => {
    const extra = { ...config, hooks: { poststop: [] }, annotations: { a: 'b' } }
    await write(extra)
    expect(await loadBundle(bundle)).toEqual({ ...extra, root: { path: join(bundle, 'rootfs') } })
  })

  it('may be named by a path relative to the working directory', async () => {
    await write(config)
    const spec = await loadBundle(relative(process.cwd(), bundle))
    expect(spec.root.path).toBe(join(bundle, 'rootfs'))
  })

  it('may have its root file system elsewhere', async () => {
    await write({ ...config, root: { path: '/' } })
    expect((await loadBundle(bundle)).root.path).toBe('/')
  })

  it('has the relative sources of its bind mounts made absolute, and no others', async () => {
    const mounts = [
      { destination: '/a', type: 'bind', source: 'data' },
      { destination: '/b', source: '../data', options: ['rbind', 'ro'] },
      { destination: '/c', type: 'bind', source: '/srv' },
      { destination: '/proc', type: 'proc', source: 'proc' },
    ]
    await write({ ...config, mounts })
    expect((await loadBundle(bundle)).mounts?.map(({ source }) => source)).toEqual([
      join(bundle, 'data'),
      join(bundle, '../data'),
      '/srv',
      'proc',
    ])
  })

  it('may begin with a byte order mark', async () => {
    await write(`\uFEFF${JSON.stringify(config)}`)
    expect((await loadBundle(bundle)).ociVersion).toBe('1.0.2')
  })
})

describe('a bundle is refused', () => {
  it('where there is none', async () => {
    expect((await refusal(join(bundle, 'absent'))).message).toContain('it does not exist')
  })

  it('where it is a file', async () => {
    await write(config)
    expect((await refusal(join(bundle, 'config.json'))).message).toContain('it is not a directory')
  })

  it('without a config.json', async () => {
    const { message, hint } = await refusal()
    expect(message).toContain('config.json')
    expect(message).toContain('it does not exist')
    expect(hint).toContain('runc spec')
  })

  it.each([
    ['{"ociVersion": "1.0.2", oops}', 'line 1 column 25'],
    ['{"ociVersion": ', 'Unexpected end of JSON input'],
    ['', 'Unexpected end of JSON input'],
    ['\x1b]0;title\x07', 'it is not JSON'],
  ])('with the broken JSON %j, and the message says where', async (text, where) => {
    await write(text)
    const { message } = await refusal()
    expect(message).toContain(where)
    expect(message).toMatch(/^[\x20-\x7e]*$/)
  })

  it.each([
    ['a list', [], 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['no ociVersion', { ...config, ociVersion: undefined }, 'ociVersion must be'],
    ['no process', { ...config, process: undefined }, 'process must be an object'],
    ['no process.args', { ...config, process: { cwd: '/' } }, 'process.args must be'],
    ['empty process.args', { ...config, process: { ...config.process, args: [] } }, 'process.args must be'],
    [
      'a number among process.args',
      { ...config, process: { ...config.process, args: ['a', 1] } },
      'process.args',
    ],
    [
      'a relative process.cwd',
      { ...config, process: { ...config.process, cwd: 'tmp' } },
      'process.cwd must be',
    ],
    [
      'an object as process.env',
      { ...config, process: { ...config.process, env: {} } },
      'process.env must be',
    ],
    ['no root', { ...config, root: undefined }, 'root.path must be'],
    ['no root.path', { ...config, root: {} }, 'root.path must be'],
    ['a number as root.path', { ...config, root: { path: 1 } }, 'root.path must be'],
    ['mounts that are no list', { ...config, mounts: {} }, 'mounts must be a list'],
    ['a mount that goes nowhere', { ...config, mounts: [{ source: 'a' }] }, 'mounts[0].destination must be'],
    ['a text as linux', { ...config, linux: 'yes' }, 'linux must be an object'],
    ['a number as cgroupsPath', { ...config, linux: { cgroupsPath: 5 } }, 'linux.cgroupsPath must be'],
  ])('with %s in it', async (_, content, reason) => {
    await write(content)
    expect((await refusal()).message).toContain(reason)
  })

  it('whose root file system is missing, or a file', async () => {
    await write({ ...config, root: { path: 'absent' } })
    const { message, hint } = await refusal()
    expect(message).toContain(`cannot use root file system "${join(bundle, 'absent')}": it does not exist`)
    expect(hint).toContain('root.path in')
    await write({ ...config, root: { path: 'config.json' } })
    expect((await refusal()).message).toContain('it is not a directory')
  })

  it('whose config.json is a symbolic link', async () => {
    await write(config)
    await rename(join(bundle, 'config.json'), join(bundle, 'real.json'))
    await symlink('real.json', join(bundle, 'config.json'))
    expect((await refusal()).message).toContain('it is a symbolic link')
  })

  it('whose config.json is a directory', async () => {
    await mkdir(join(bundle, 'config.json'))
    expect((await refusal()).message).toContain('it is not a regular file')
  })

  it('whose config.json is larger than 1 MiB', async () => {
    await write({ ...config, annotations: { a: 'x'.repeat(1024 * 1024) } })
    expect((await refusal()).message).toMatch(/it has \d+ bytes, more than the 1048576 allowed/)
  })
})
