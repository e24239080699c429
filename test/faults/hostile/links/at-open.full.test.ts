import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { runProgram } from '../../../../effects/program/program.ts'
import { serveOwner } from '../../../../src/api/serve.ts'
import { openLogFile } from '../../../../src/cli/owner/log-file.ts'
import { RootError } from '../../../../src/index.ts'
import { runchart } from '../../../cli/place.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { recordFault } from '../../record.ts'
import { isLink, makeVictim, plant, type Victim } from './victim.ts'

let place: TestPlace
let victim: Victim
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  victim = makeVictim(place.path)
})

/** The path of something in the root or the run root, such as `run/exits`. */
const at = (name: string): string => join(place.path, name)
const silent = pino({ level: 'silent' })

/** What opening threw; a RootError that says where and what to do. */
async function refusal(path: string): Promise<RootError> {
  const error = await place.open().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RootError)
  const { code, message, hint } = error as RootError
  expect({ code, message }).toEqual({ code: 'EROOT', message: expect.stringContaining(path) })
  expect(hint).toBeTruthy()
  return error as RootError
}

const DIRECTORIES = ['run/exits', 'run/socket', 'run/containers', 'run/runtime', 'root/containers']
const FILES = [
  ...['root/store.db', 'root/store.db-wal', 'root/store.db-shm', 'root/store.db-journal'],
  ...['root/owner.lock', 'run/owner.lock', 'root/owner.lock-journal'],
]

describe('an engine that opens', () => {
  test.each(DIRECTORIES)(
    'refuses a link in the place of its directory %s, and does nothing where it leads',
    async (name) => {
      plant(at(name), victim.directory)
      expect((await refusal(at(name))).message).toContain('symbolic link')
      victim.assertUntouched()
      expect(isLink(at(name))).toBe(true)

      plant(at(name), at('nowhere'))
      expect((await refusal(at(name))).message).toContain('symbolic link')
      expect(existsSync(at('nowhere'))).toBe(false)

      plant(at(name), victim.file)
      await refusal(at(name))
      victim.assertUntouched()

      rmSync(at(name))
      await place.open()
      recordFault('link in place of a directory', 'refused, nothing touched', 3)
    },
  )

  test.each(FILES)(
    'refuses a link in the place of its file %s, and writes nothing where it leads',
    async (name) => {
      plant(at(name), victim.file)
      expect((await refusal(at(name))).message).toContain('symbolic link')
      plant(at(name), at('nowhere'))
      await refusal(at(name))
      expect(existsSync(at('nowhere'))).toBe(false)
      victim.assertUntouched()

      rmSync(at(name))
      await place.open()
      recordFault('link in place of a file', 'refused, nothing touched', 2)
    },
  )

  test.each(['root/owner.pid', 'run/owner.pid'])(
    'puts a file of its own in the place of a link %s',
    async (name) => {
      plant(at(name), victim.file)
      await place.open()
      expect(lstatSync(at(name)).isFile()).toBe(true)
      expect(readFileSync(at(name), 'utf8')).toBe(`${process.pid}\n`)
      victim.assertUntouched()
      recordFault('link in place of owner.pid', 'replaced, nothing touched')
    },
  )

  test('does not wait at a FIFO in the place of a file, nor at one that says who owns it', async () => {
    const fifo = async (name: string): Promise<void> => {
      mkdirSync(dirname(at(name)), { recursive: true })
      rmSync(at(name), { force: true })
      await runProgram({ path: '/usr/bin/mkfifo', args: [at(name)], env: {}, timeoutMs: 30_000 })
      expect(lstatSync(at(name)).isFIFO()).toBe(true)
    }
    await fifo('root/store.db')
    await expect(place.open()).rejects.toMatchObject({ code: 'ESTORE', failure: 'damaged' })
    rmSync(at('root/store.db'))
    await fifo('root/owner.lock')
    await refusal(at('root/owner.lock'))
    rmSync(at('root/owner.lock'))
    await using _ = await place.open()
    await fifo('root/owner.pid')
    await expect(place.open()).rejects.toMatchObject({ code: 'EROOTOWNED', pid: undefined })
    recordFault('FIFO in place of a file', 'refused at once', 3)
  })

  test.each(DIRECTORIES)('refuses a directory %s that is another user’s', async (name) => {
    mkdirSync(at(name), { recursive: true })
    chownSync(at(name), 12_345, 12_345)
    expect((await refusal(at(name))).message).toContain('12345')
    chownSync(at(name), 0, 0)
    await place.open()
    recordFault('directory of another user', 'refused')
  })

  test('takes the modes back that somebody has opened', async () => {
    await (await place.open()).close()
    for (const name of [...DIRECTORIES, 'root/store.db', 'root/owner.lock']) chmodSync(at(name), 0o777)
    await place.open()
    const modes = Object.fromEntries(
      [...DIRECTORIES, 'root/store.db', 'root/owner.lock'].map((name) => [
        name,
        statSync(at(name)).mode & 0o7777,
      ]),
    )
    expect(modes).toEqual({
      ...{ 'run/exits': 0o750, 'run/socket': 0o750, 'run/containers': 0o700, 'run/runtime': 0o700 },
      ...{ 'root/containers': 0o700, 'root/store.db': 0o600, 'root/owner.lock': 0o600 },
    })
    recordFault('modes opened to others', 'taken back', DIRECTORIES.length + 2)
  })
})

describe('a root that is itself reached through a link', () => {
  test('is the user’s own choice, and is used', async () => {
    mkdirSync(at('elsewhere'))
    plant(at('linked'), at('elsewhere'))
    await using engine = await place.open({ root: at('linked'), runRoot: at('other-run') })
    expect(engine.root).toBe(at('elsewhere'))
  })
})

describe('an owner', () => {
  test.each(['run/owner.sock', `run/owner.${process.pid}.new`])(
    'puts its socket in the place of a link %s',
    async (name) => {
      const engine = await place.open()
      plant(at(name), victim.file)
      const server = await serveOwner(engine, { logger: silent })
      expect(lstatSync(at('run/owner.sock')).isSocket()).toBe(true)
      expect(lstatSync(at('run/owner.sock')).mode & 0o777).toBe(0o600)
      await server.close()
      victim.assertUntouched()
      recordFault('link in place of the socket', 'replaced, nothing touched')
    },
  )

  test('that meets a directory in the place of its socket says so', async () => {
    const engine = await place.open()
    mkdirSync(at('run/owner.sock/full'), { recursive: true })
    await expect(serveOwner(engine, { logger: silent })).rejects.toMatchObject({
      code: 'EROOT',
      hint: expect.any(String),
    })
  })

  test('writes no log where a link leads, and goes on without', () => {
    mkdirSync(at('run'))
    plant(at('run/owner.log'), victim.file)
    openLogFile(at('run/owner.log')).write('a line\n')
    victim.assertUntouched()
    recordFault('link in place of the log', 'not followed, nothing written')
  })

  test('is not started where a link leads', async () => {
    plant(at('run/starting'), victim.directory)
    const { exitCode, stderr } = await runchart(['--root', at('root'), '--run-root', at('run'), 'ps'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/run\/starting: it is a symbolic link.*\nhint: /)
    victim.assertUntouched()
    recordFault('link in place of a lock', 'refused, nothing touched')
  })
})
