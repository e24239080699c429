import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeFrame } from '../../src/api/frames.ts'
import { type OwnerServer, serveOwner } from '../../src/api/serve.ts'
import { FRAMES_TYPE } from '../../src/api/wire.ts'
import { type Client, connectOwner } from '../../src/client/client.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { ask } from './owner.ts'

let place: TestPlace
let server: OwnerServer
let client: Client
beforeAll(async () => {
  place = await testPlace()
  const engine = await place.open()
  const web = await place.sh(engine, 'while :; do sleep 0.05; done', { name: 'web' })
  await web.start()
  server = await serveOwner(engine, { logger: pino({ level: 'silent' }) })
  client = connectOwner(server.socketPath)
})
afterAll(async () => {
  client.close()
  await server.close()
  await place[Symbol.asyncDispose]()
})

const post = (path: string, body: unknown) =>
  ask(server.socketPath, 'POST', `/v1/containers/${path}`, JSON.stringify(body))

/** A stream's request as any HTTP client makes it; what is `later` goes out when the answer begins. */
const stream = (body: Buffer, later?: Buffer): Promise<{ status: number | undefined; body: string }> =>
  new Promise((resolve, reject) => {
    const path = '/v1/containers/web/exec/stream'
    const headers = { 'content-type': FRAMES_TYPE }
    const { socketPath } = server
    const call = request({ socketPath, method: 'POST', path, headers }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject)
      if (later !== undefined) call.end(later)
    })
    call.on('error', reject)
    if (later === undefined) call.end(body)
    else call.write(body)
  })

test('a command is collected', async () => {
  const { status, body } = await post('web/exec', { command: ['sh', '-c', 'cat; exit 3'], stdin: 'aGkK' })
  expect(status).toBe(200)
  expect(JSON.parse(body)).toEqual({
    ...{ exitCode: 3, signal: null, stdout: 'hi\n', stderr: '', truncated: false },
  })
})

test('a detached one answers with its session, which is listed, killed and stopped', async () => {
  const { status, body } = await post('web/exec', { command: ['sleep', '948'], detach: true })
  const { id, pid } = JSON.parse(body)
  expect(status).toBe(201)
  expect(await client.execs('web')).toMatchObject([{ id, pid, command: ['sleep', '948'], detached: true }])
  expect((await post(`web/execs/${id}/kill`, { signal: 'KILL' })).status).toBe(200)
  await expect.poll(() => client.execs('web')).toEqual([])
  expect((await post(`web/execs/${id}/kill`, {})).status).toBe(404)
  expect(await post('web/execs/stop', {})).toEqual({ status: 200, body: '[]' })
})

test.each([
  ['no command', 'web/exec', {}, 400],
  ['an empty command', 'web/exec', { command: [] }, 400],
  ['a property of nobody’s', 'web/exec', { command: ['true'], user_name: 'x' }, 400],
  ['a command that is not there', 'web/exec', { command: ['nosuch'] }, 500],
  ['a container that is not there', 'nosuch/exec', { command: ['true'] }, 404],
  [
    'a descriptor that is not there',
    'web/exec',
    { command: ['true'], preserveFds: { pid: 1, fds: [999] } },
    400,
  ],
])('%s is refused', async (_, path, body, status) => {
  const answer = await post(path, body)
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.body).error.message).toEqual(expect.any(String))
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['no frames', Buffer.from('GET me something')],
  ['input before the command', encodeFrame('stdin', Buffer.from('x'))],
  ['no JSON', encodeFrame('json', Buffer.from('{'))],
  ['no command', encodeFrame('json', Buffer.from('{}'))],
  ['a property of nobody’s', encodeFrame('json', Buffer.from('{"command":["true"],"detach":true}'))],
])('a stream that begins with %s is refused, and nothing is run', async (_, body) => {
  const answer = await stream(body)
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body).error.code).toBe('EINPUT')
  expect(await client.execs('web')).toEqual([])
})

test('a stream that turns to nonsense ends the command’s input', async () => {
  const first = encodeFrame('json', Buffer.from(JSON.stringify({ command: ['cat'], stdin: true })))
  const { status, body } = await stream(first, Buffer.from('GET me something'))
  expect(status).toBe(200)
  expect(body).toContain('"code":0')
  expect(await client.execs('web')).toEqual([])
})

test('a client that does not read holds its own command back, and nobody else', async () => {
  const enough = new AbortController()
  const slow = await client.execStream('web', ['yes'], { signal: enough.signal })
  expect(await client.exec('web', ['echo', 'quick'])).toMatchObject({ stdout: 'quick\n' })
  enough.abort()
  await expect.poll(() => client.execs('web')).toEqual([])
  expect(slow.id).toEqual(expect.any(String))
})

test('what a command reads and writes goes both ways at once', async () => {
  const session = await client.execStream('web', ['cat'], { stdin: true })
  const output = session.output[Symbol.asyncIterator]()
  for (const word of ['one', 'two', 'three']) {
    session.stdin?.write(word)
    expect(String((await output.next()).value?.data)).toBe(word)
  }
  session.stdin?.end()
  expect((await output.next()).done).toBe(true)
  expect(await session.exited).toEqual({ code: 0, signal: null, cause: 'exited' })
})
