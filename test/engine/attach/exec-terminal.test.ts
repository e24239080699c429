import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Container, Engine, ExecSession } from '../../../src/index.ts'
import { longSleep, markOf } from '../../effects/exec/lab.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
let web: Container
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
  web = await place.sh(engine, 'trap "exit 0" TERM; while :; do sleep 0.05; done')
  await web.start()
})
afterAll(() => place[Symbol.asyncDispose]())

/** A command on a terminal, with all that it has shown. */
async function open(script: string, options: object = {}) {
  const session = await web.execSession(['sh', '-c', script], { tty: true, stdin: true, ...options })
  let screen = ''
  session.stdout?.on('data', (chunk: Buffer) => {
    screen += chunk
  })
  const shows = (text: string) => expect.poll(() => screen, { timeout: 10_000 }).toContain(text)
  return { session, shows, screen: () => screen }
}

const nothingIsLeft = async (session: ExecSession): Promise<void> => {
  expect(await processesNaming(session.id)).toEqual([])
  expect(readdirSync(join(place.runRoot, 'socket'))).toEqual([web.id])
  expect(readdirSync(join(place.runRoot, 'containers', web.id, 'exec'))).toEqual([])
  expect(web.execs()).toEqual([])
}

test('a command has a terminal, from its first word to its exit code', async () => {
  const { session, screen } = await open('tty; stty size; echo $TERM; echo err >&2; exit 7', {
    size: { columns: 97, rows: 31 },
  })
  expect(session.stderr).toBeNull()
  expect(await session.exited).toMatchObject({ code: 7, signal: null })
  expect(screen()).toBe('/dev/pts/0\r\n31 97\r\nxterm\r\nerr\r\n')
  await nothingIsLeft(session)
})

test('what is typed is echoed, Ctrl-C is a key, and Ctrl-D the end', async () => {
  const { session, shows } = await open('trap "echo caught" INT; echo ready; cat; cat; exit 4')
  await shows('ready')
  session.stdin?.write('hello\n')
  await shows('hello\r\nhello\r\n')
  session.stdin?.write('\x03')
  await shows('caught')
  session.stdin?.end()
  expect(await session.exited).toMatchObject({ code: 4 })
  await nothingIsLeft(session)
})

test('descriptors are handed over as 3 and 4', async () => {
  const paths = ['third', 'fourth'].map((name) => join(place.path, name))
  const preserveFds = paths.map((path) => openSync(path, 'w+'))
  const { session, shows } = await open('echo three >&3; echo four >&4; ls /proc/self/fd; echo done', {
    preserveFds,
  })
  for (const fd of preserveFds) closeSync(fd)
  expect(await session.exited).toMatchObject({ code: 0 })
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['three\n', 'four\n'])
  await shows('done')
})

test('its size follows', async () => {
  const { session, shows } = await open(
    'trap "stty size; exit 5" WINCH; echo ready; while :; do sleep 0.02; done',
  )
  await shows('ready')
  await session.resize({ columns: 132, rows: 43 })
  await shows('43 132')
  expect(await session.exited).toMatchObject({ code: 5 })
  await expect(session.resize({ columns: 80, rows: 24 })).rejects.toMatchObject({ code: 'EATTACHENDED' })
})

test('a command without one has no size', async () => {
  const session = await web.execSession(['cat'], { stdin: true })
  await expect(session.resize({ columns: 80, rows: 24 })).rejects.toMatchObject({ code: 'ENOTERMINAL' })
  session.stdin?.end()
  session.stdout?.resume()
  session.stderr?.resume()
  await session.exited
})

test('megabytes arrive whole, however slowly they are read', async () => {
  const session = await web.execSession(['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; exit 6'], {
    tty: true,
  })
  const stdout = session.stdout as NodeJS.ReadableStream
  await once(stdout, 'readable')
  let length = 0
  for await (const chunk of stdout) {
    length += chunk.length
    await new Promise(setImmediate)
  }
  expect(length).toBe(3_000_000)
  expect(await session.exited).toMatchObject({ code: 6 })
})

test('it is killed with its client, though nobody reads what it shows', async () => {
  const client = new AbortController()
  const session = await web.execSession(['sh', '-c', `yes & exec ${longSleep(71).join(' ')}`], {
    ...{ tty: true, signal: client.signal },
  })
  const { stdout } = session
  await expect.poll(() => stdout?.readableLength, { timeout: 10_000 }).toBeGreaterThan(0)
  await delay(200)
  // It waits, and takes no memory meanwhile.
  expect(stdout?.readableLength).toBeLessThan(256 * 1024)
  client.abort()
  expect(await session.exited).toMatchObject({ code: 137 })
  expect(await processesNaming(markOf(71))).toEqual([])
  await nothingIsLeft(session)
})

test('a program that is missing is told as such, and nothing is left', async () => {
  await expect(web.execSession(['/no/such'], { tty: true })).rejects.toMatchObject({
    code: 'ERUNTIME',
    failure: expect.stringContaining('command'),
  })
  expect(web.execs()).toEqual([])
})

test('the death of its conmon is the end of it', async () => {
  const { session, shows } = await open(`echo ready; exec ${longSleep(72).join(' ')}`)
  await shows('ready')
  const monitors = await processesNaming(`-u\0${session.id}`)
  expect(monitors).toHaveLength(1)
  process.kill(monitors[0] as number, 'SIGKILL')
  await session.exited
  expect(await processesNaming(markOf(72))).toEqual([])
  await nothingIsLeft(session)
})
