import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Container, type CreateOptions, type Engine, RunchartError } from '../../../src/index.ts'
import { type CliPlace, cliPlace, runchart } from '../../cli/place.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat, script } from '../../fixtures/programs.ts'
import { makeBundle } from '../../fixtures/rootfs.ts'
import { recordFault } from '../record.ts'

const PATIENCE = { timeout: 30_000 }

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
  // Prints its own name and arguments, each on a line of its own; found in $PATH under names that look like flags.
  for (const name of FLAGS) script(join(place.rootfs, 'bin'), name, 'printf "%s\\n" "$@"')
})
afterAll(() => place[Symbol.asyncDispose]())

const FLAGS = ['-x', '--help', '--root=x', '--version', '-rf', '--detach', '--', '-']
const ARGUMENTS = [
  ...FLAGS,
  '$(touch x)',
  '`touch x`',
  '; touch x',
  '"',
  "'",
  '\\',
  'é€😀',
  '*',
  '~',
  '',
  'two words',
]

async function linesOf(container: Container): Promise<string[]> {
  const lines: string[] = []
  for await (const { data } of container.logs({ follow: true })) lines.push(data.toString())
  return lines
}

const options = (more: CreateOptions): CreateOptions => ({ rootfs: place.rootfs, ...more })

describe('a container', () => {
  test.each(FLAGS)('whose command is %j runs that command, with arguments that are words', async (flag) => {
    const container = await engine.create(options({ command: [flag, ...ARGUMENTS] }))
    await container.start()
    expect(await linesOf(container)).toEqual(ARGUMENTS)
    expect(await container.wait()).toMatchObject({ code: 0 })
    await container.remove({ force: true })
    recordFault('command that looks like a flag', 'run as it is')
  })

  test('that has only a command that looks like a flag and is not there fails with the runtime’s words', async () => {
    const failure = await engine.create(options({ command: ['--bundle'] })).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERUNTIME', failure: 'command-not-found' })
    expect(engine.snapshot().containers).toEqual([])
  })

  test('has an exit command that gets its arguments as words, beyond ASCII too', async () => {
    const told = join(place.path, 'told')
    const program = script(place.path, 'tell', `printf '%s\\n' "$@" > ${told}.new; mv ${told}.new ${told}`)
    const container = await engine.create(
      options({ command: ['true'], exitCommand: [program, ...ARGUMENTS] }),
    )
    await container.start()
    await container.wait()
    await expect.poll(() => existsSync(told), PATIENCE).toBe(true)
    expect(readFileSync(told, 'utf8').split('\n').slice(0, -1)).toEqual(ARGUMENTS)
    await container.remove({ force: true })
    recordFault('exit command with flags for arguments', 'given as they are')
  })

  test.each([
    '-rf',
    '--root',
    '-',
    '../x',
    '/etc',
    '.hidden',
    'a b',
    'a;b',
    '$(id)',
    'a\0b',
    'a\nb',
    'é',
    'x'.repeat(10_000),
    '__proto__x/',
  ])('is not called %j', async (name) => {
    await expect(engine.create(options({ command: ['true'], name }))).rejects.toMatchObject({
      code: 'EINPUT',
    })
    expect(engine.snapshot().containers).toEqual([])
    recordFault('name that looks like a flag or a path', 'refused')
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'may be called %s, as any other',
    async (name) => {
      const create = (): Promise<Container> => engine.create(options({ command: ['true'], name }))
      expect(() => engine.get(name)).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }))
      if (name.startsWith('_')) {
        await expect(create()).rejects.toMatchObject({ code: 'EINPUT' })
        return
      }
      const container = await create()
      expect(engine.get(name).id).toBe(container.id)
      await container.remove()
      expect(() => engine.get(name)).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }))
    },
  )

  test('takes neither NUL bytes nor what is longer than the kernel takes', async () => {
    const rejected = async (more: CreateOptions): Promise<RunchartError> => {
      const error = await engine
        .create(options({ command: ['true'], ...more }))
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(RunchartError)
      return error as RunchartError
    }
    expect(await rejected({ command: ['true', 'a\0b'] })).toMatchObject({ code: 'EINPUT' })
    expect(await rejected({ env: ['A=\0'] })).toMatchObject({ code: 'EINPUT' })
    expect(await rejected({ workdir: '/\0' })).toMatchObject({ code: 'EINPUT' })
    expect(await rejected({ exitCommand: ['/bin/true', '\0'] })).toMatchObject({ code: 'EINPUT' })
    expect((await rejected({ exitCommand: ['/bin/true', 'x'.repeat(2 ** 18)] })).hint ?? '').toBeTypeOf(
      'string',
    )
    const container = await engine.create(options({ command: ['true', 'x'.repeat(100_000)] }))
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 0 })
    await container.remove({ force: true })
    expect(engine.snapshot().containers).toEqual([])
    recordFault('NUL bytes and endless words', 'refused', 5)
  })
})

describe('a command in a container', () => {
  let container: Container
  beforeAll(async () => {
    container = await place.sh(engine, 'sleep 1000')
    await container.start()
  })

  test.each(FLAGS)('that is %j runs that command, with arguments that are words', async (flag) => {
    const { exitCode, stdout } = await container.exec([flag, ...ARGUMENTS])
    expect({ exitCode, lines: stdout.split('\n').slice(0, -1) }).toEqual({ exitCode: 0, lines: ARGUMENTS })
    // Said in a file instead of in arguments.
    expect((await container.exec([flag, ...ARGUMENTS], { env: ['-A=--help'] })).stdout).toBe(stdout)
    recordFault('exec that looks like a flag', 'run as it is', 2)
  })

  test('may be detached, and have variables that look like flags', async () => {
    const session = await container.execSession(['--help'], { detach: true })
    expect(await session.exited).toMatchObject({ code: 0 })
    const { stdout } = await container.exec(['env'], { env: ['--root=/', '-e=--help', 'É=é'] })
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['--root=/', '-e=--help', 'É=é']))
  })

  test.each([[['']], [[]], [['a\0b']]])('that is %j is refused', async (command) => {
    await expect(container.exec(command)).rejects.toMatchObject({ code: 'EINPUT' })
  })

  test('whose user, capability or directory looks like a flag is refused', async () => {
    const refused = { code: 'EINPUT' }
    await expect(container.exec(['true'], { user: '--root' })).rejects.toMatchObject(refused)
    await expect(container.exec(['true'], { capAdd: ['--privileged'] })).rejects.toMatchObject(refused)
    await expect(container.exec(['true'], { workdir: '--tty' })).rejects.toMatchObject(refused)
    recordFault('exec option that looks like a flag', 'refused', 3)
  })

  test('that would take hours to be found fault with fails at once', async () => {
    // The runtime says the command again; telling its failures apart must not take the square of its length.
    const failure = await container.exec(['exec: stat '.repeat(10_000)]).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERUNTIME' })
  })
})

describe('a bundle', () => {
  test('keeps members that JavaScript has names for, and nothing is polluted by them', async () => {
    const bundle = await makeBundle(join(place.path, 'proto'), {
      args: ['sh', '-c', 'exit 6'],
      rootfs: place.rootfs,
    })
    const config = readFileSync(join(bundle, 'config.json'), 'utf8')
    const members = '"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}'
    writeFileSync(
      join(bundle, 'config.json'),
      config.replace('{', `{ "annotations": {"__proto__": "x"}, ${members},`),
    )
    const container = await engine.create({ bundle })
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 6 })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    const copy = readFileSync(join(place.root, 'containers', container.id, 'bundle/config.json'), 'utf8')
    expect(copy).toContain('"annotations":{"__proto__":"x"}')
    expect(copy).toContain('"__proto__":{"polluted":true}')
    await container.remove({ force: true })
    recordFault('__proto__ in config.json', 'kept, nothing polluted')
  })
})

describe('a root with a name beyond ASCII', () => {
  test('is as good as any', async () => {
    const name = 'ünï €😀 --root'
    await using other = await place.open({
      root: join(place.path, name),
      runRoot: join(place.path, 'lauf ü'),
    })
    const container = await place.sh(other, 'exit 5')
    await container.start()
    const session = await container.execSession(['true'], { detach: true }).catch(() => undefined)
    await session?.exited
    expect(await container.wait()).toMatchObject({ code: 5 })
    await container.remove({ force: true })
  })
})

describe('the command line', () => {
  let cli: CliPlace
  beforeAll(async () => {
    cli = await cliPlace()
    for (const name of FLAGS) script(join(cli.rootfs, 'bin'), name, 'printf "%s\\n" "$@"')
  })
  afterAll(() => cli[Symbol.asyncDispose]())

  test('gives what follows a container’s root or name to the command, flags and all', async () => {
    const run = await cli.cli('run', '--rm', '--rootfs', cli.rootfs, '--', '--help', ...ARGUMENTS)
    expect({ code: run.exitCode, lines: run.stdout.split('\n').slice(0, -1) }).toEqual({
      code: 0,
      lines: ARGUMENTS,
    })
    await cli.cli('run', '-d', '--name', 'web', '--rootfs', cli.rootfs, 'sleep', '1000')
    const exec = await cli.cli('exec', 'web', '--help', ...ARGUMENTS)
    expect({ code: exec.exitCode, lines: exec.stdout.split('\n').slice(0, -1) }).toEqual({
      code: 0,
      lines: ARGUMENTS,
    })
    await cli.cli('rm', '-f', 'web')
  })

  test.each(['-rf', '--root', '--no-such'])('takes %s for no container', async (name) => {
    for (const verb of ['rm', 'stop', 'inspect']) {
      const { exitCode, stderr } = await cli.cli(verb, name)
      expect({ verb, exitCode }).toEqual({ verb, exitCode: 125 })
      expect(stderr).toMatch(/^runchart: .*\nhint: /)
      expect(await cli.cli(verb, '--', name)).toMatchObject({
        exitCode: expect.any(Number),
        stderr: expect.stringMatching(/^runchart: /),
      })
    }
    recordFault('flag in the place of a container', 'refused', 6)
  })

  test('shows words of a runtime that a terminal would obey as words', async () => {
    const says = runtimeThat(cli.path, 'create', `printf 'no\\033[2J\\302\\233such\\n' >&2; exit 1`)
    const globals = [
      '--root',
      join(cli.path, 'r'),
      '--run-root',
      join(cli.path, 'rr'),
      '--embedded',
      '--runtime',
      says,
    ]
    const { exitCode, stderr } = await runchart([...globals, 'run', '--rootfs', cli.rootfs, 'true'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('no\\u{9b}such')
    expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})
