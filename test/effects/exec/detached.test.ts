import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  findDetached,
  isSameProcess,
  RuntimeError,
  removeSession,
  signalSession,
} from '../../../effects/index.ts'
import { held, processesNaming } from '../lab.ts'
import { type ExecLab, longSleep, markOf, openExecLab } from './lab.ts'

let lab: ExecLab
beforeAll(async () => {
  lab = await openExecLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const sh = (script: string, changes = {}) => lab.detached(['sh', '-c', script], changes)

test.each([0, 7, 127, 255])('its exit code %i arrives', async (code) => {
  const session = await sh(`sleep 0.1; exit ${code}`)
  expect(await held(session.exited)).toBe(code)
})

test('the exit of one that is over at once arrives', async () => {
  expect(await held((await lab.detached(['true'])).exited)).toBe(0)
})

test('its exit is never taken for its container’s', async () => {
  const session = await sh('exit 3')
  await held(session.exited)
  expect(existsSync(join(session.sessionDir, lab.lab.id))).toBe(true)
  expect(readdirSync(lab.lab.options.exitsDir)).toEqual([])
})

test('its process is known, and SIGKILL ends it and its children', async () => {
  const session = await sh(`${longSleep(977).join(' ')} & ${longSleep(978).join(' ')}`)
  expect(session.process && isSameProcess(session.process)).toBe(true)
  expect(signalSession(session.process, 9)).toBe(true)
  expect(await held(session.exited)).toBe(137)
  await expect.poll(() => processesNaming(markOf(977))).toEqual([])
})

test('it has the container’s own process for what it is not given', async () => {
  const out = join(lab.lab.path, 'bundle', 'rootfs', 'tmp', 'told')
  const session = await sh('pwd > /tmp/told; id -u >> /tmp/told; echo $A >> /tmp/told; tty >> /tmp/told', {
    env: ['A=1'],
    user: { uid: 0, gid: 0 },
  })
  await held(session.exited)
  expect(readFileSync(out, 'utf8')).toBe('/\n0\n1\nnot a tty\n')
})

test('it has a real terminal where it is asked for', async () => {
  const out = join(lab.lab.path, 'bundle', 'rootfs', 'tmp', 'terminal')
  await held((await sh('tty > /tmp/terminal', { tty: true })).exited)
  expect(readFileSync(out, 'utf8')).toMatch(/^\/dev\/pts\/\d+\n$/)
})

test('descriptors are handed over as 3 and 4', async () => {
  const paths = ['third', 'fourth'].map((name) => join(lab.lab.path, name))
  const preserveFds = paths.map((path) => openSync(path, 'w+'))
  const session = await sh('echo three >&3; echo four >&4', { preserveFds })
  for (const fd of preserveFds) closeSync(fd)
  expect(await held(session.exited)).toBe(0)
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['three\n', 'four\n'])
})

describe('one that an earlier engine had started', () => {
  test('is found again, and its exit arrives', async () => {
    const session = await sh('sleep 0.3; exit 9')
    session.close()
    const found = findDetached(session.sessionDir)
    expect(found?.process).toEqual(session.process)
    expect(await held(found?.exited ?? Promise.resolve(undefined))).toBe(9)
  })

  test('is found though it has ended since', async () => {
    const session = await sh('exit 9')
    await held(session.exited)
    expect(await held(findDetached(session.sessionDir)?.exited ?? Promise.resolve(undefined))).toBe(9)
  })

  test('is not there where none was', () => {
    expect(findDetached(join(lab.lab.path, 'nowhere'))).toBeUndefined()
  })
})

test('a conmon that is killed tells no exit code', async () => {
  const session = await sh(longSleep(976).join(' '))
  const monitor = Number(readFileSync(join(session.sessionDir, 'conmon.pid'), 'utf8'))
  process.kill(monitor, 'SIGKILL')
  expect(await held(session.exited)).toBeUndefined()
  signalSession(session.process, 9)
})

test.each([
  ['nosuch', 'command-not-found'],
  ['/etc', 'command-not-executable'],
])('%s: cannot be run, which is %s, and leaves nothing', async (command, failure) => {
  const options = lab.options([command])
  const error = await lab.detached(options.command, options).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RuntimeError)
  expect(error).toMatchObject({ failure })
  removeSession(options)
  expect(await processesNaming(options.sessionDir)).toEqual([])
  expect(readdirSync(options.socketsDir)).not.toContain(options.sessionId)
})

test('a start that is aborted leaves nothing', async () => {
  const abort = new AbortController()
  const options = lab.options(longSleep(975))
  const starting = lab.detached(options.command, options, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(starting).rejects.toThrow('enough')
  await expect.poll(() => processesNaming(options.sessionDir)).toEqual([])
  expect(await processesNaming(markOf(975))).toEqual([])
})
