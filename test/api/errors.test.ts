import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toErrorReply } from '../../src/api/error-reply.ts'
import { connectOwner } from '../../src/client/client.ts'
import { RuntimeError, StoreError } from '../../src/errors.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { ask, startOwner } from './owner.ts'

test.for([
  ['an unknown property', '{"rootfs":"/r","memroy":1}', 'has an unknown property "memroy"'],
  ['a wrong type', '{"rootfs":7}', "the request's body: rootfs must be string"],
  ['a wrong type in a list', '{"command":["a",1]}', 'command.1 must be string'],
  ['a number in quotes', '{"rootfs":"/r","memory":"512"}', 'memory must be number'],
  ['broken JSON', '{"rootfs":', 'JSON'],
  ['no body', undefined, 'must be object'],
  ['an array', '[]', 'must be object'],
])('%s is refused', async ([, body, message]) => {
  await using owner = await startOwner()
  const answer = await ask(owner.socketPath, 'POST', '/v1/containers', body)
  expect(answer.status).toBe(400)
  const { error } = JSON.parse(answer.body)
  expect(error).toMatchObject({ code: 'EINPUT', name: 'InvalidInputError' })
  expect(error.message).toContain(message)
  expect(owner.engine.made.size).toBe(0)
})

test.for([
  ['/v1/containers?al=true', 'has an unknown property "al"'],
  ['/v1/containers?all=maybe', 'all must be true or false'],
  ['/v1/events?since=-1', 'since must be a whole number'],
  ['/v1/events?since=x', 'since must be a whole number'],
  ['/v1/containers/web/wait?timeout=soon', 'timeout must be a number, not below 0'],
  ['/v1/containers/web/wait?generation=1.5', 'generation must be a whole number'],
])('%s is refused', async ([path, message]) => {
  await using owner = await startOwner()
  const answer = await ask(owner.socketPath, 'GET', path as string)
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body).error.message).toContain(message)
})

test.for([
  ['stop', '{"timeout":"3"}'],
  ['stop', '{"time":3}'],
  ['kill', '{"signal":{}}'],
  ['start', '{"now":true}'],
])('%s with %s is refused', async ([verb, body]) => {
  await using owner = await startOwner()
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const answer = await ask(owner.socketPath, 'POST', `/v1/containers/web/${verb}`, body)
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body).error.code).toBe('EINPUT')
})

test('errors keep their class, code, hint and facts over the wire', async () => {
  await using owner = await startOwner()
  const { client } = owner
  const { id } = await client.create({ name: 'web', rootfs: '/r' })
  await expect(client.create({ name: 'web', rootfs: '/r' })).rejects.toMatchObject({
    name: 'NameTakenError',
    code: 'ENAMETAKEN',
    hint: 'choose another',
  })
  await client.start('web')
  await expect(client.start('web')).rejects.toMatchObject({
    name: 'IllegalTransitionError',
    code: 'EILLEGALTRANSITION',
    containerId: id,
    state: 'running',
    event: 'start',
    allowed: ['stop', 'kill'],
  })
  await expect(client.inspect('nobody')).rejects.toMatchObject({ code: 'ENOTFOUND', name: 'NotFoundError' })
})

test.for(['..', '.', '/etc/passwd', '../v1/version', 'a b', '%2e%2e', 'ü', 'x'.repeat(300)])(
  'no container is called %s',
  async (ref) => {
    await using owner = await startOwner()
    await expect(owner.client.inspect(ref)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  },
)

test('an empty reference never reaches the list of all', async () => {
  await using owner = await startOwner()
  await expect(owner.client.inspect('')).rejects.toMatchObject({ code: 'EINPUT' })
  await expect(owner.client.remove('')).rejects.toMatchObject({ code: 'EINPUT' })
})

test('a route that is not there says so', async () => {
  await using owner = await startOwner()
  const answer = await ask(owner.socketPath, 'GET', '/v2/containers')
  expect(answer.status).toBe(404)
  expect(JSON.parse(answer.body).error.code).toBe('ENOROUTE')
})

test('each error has a fitting status', () => {
  const program = {
    path: '/usr/bin/runc',
    verb: 'create',
    exitCode: 1,
    signal: null,
    stderr: '',
    logLine: undefined,
    durationMs: 1,
    timedOut: false,
  }
  const runtime = toErrorReply(new RuntimeError('no such command', 'command-not-found', program))
  expect(runtime).toMatchObject({ status: 500, reply: { error: { failure: 'command-not-found' } } })
  expect(toErrorReply(new StoreError('disk full')).status).toBe(500)
  const bug = toErrorReply(new TypeError('x is not a function'))
  expect(bug).toEqual({
    status: 500,
    reply: { error: { name: 'TypeError', code: 'EINTERNAL', message: 'x is not a function' } },
  })
})

test('where nobody answers, the client says so', async () => {
  await using directory = await temporaryDirectory()
  const client = connectOwner(join(directory.path, 'owner.sock'))
  await expect(client.version()).rejects.toMatchObject({ code: 'ENOOWNER' })
  await writeFile(join(directory.path, 'owner.sock'), '')
  await expect(client.version()).rejects.toMatchObject({ code: 'ENOOWNER' })
})

test('an owner that dies in the middle of a call is told apart from one that was never there', async () => {
  await using directory = await temporaryDirectory()
  const socketPath = join(directory.path, 'owner.sock')
  const dying = createServer((socket) => socket.once('data', () => socket.destroy()))
  await new Promise<void>((resolve) => dying.listen(socketPath, resolve))
  const client = connectOwner(socketPath)
  const error = await client.start('web').catch((reason) => reason)
  expect(error).toMatchObject({ code: 'EOWNERGONE', name: 'OwnerGoneError' })
  expect(error.hint).toContain('containers live on')
  client.close()
  await new Promise((resolve) => dying.close(resolve))
})
