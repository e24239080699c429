import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { openApiText } from '../../../docs/openapi/generate.ts'
import { startOwner } from '../owner.ts'
import { document, documentedAsker, problemsOf } from './answers.ts'

const operations = Object.values(document.paths).flatMap((path) => Object.values(path))

test('docs/openapi.json is what the routes are now (`npm run openapi` writes it anew)', async () => {
  expect(await readFile('docs/openapi.json', 'utf8')).toBe(await openApiText())
})

test('the document is OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate({ ...document })).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('every route has a summary, a name of its own, and an answer', () => {
  const names = operations.map(({ operationId }) => operationId)
  expect(new Set(names).size).toBe(operations.length)
  for (const operation of operations) {
    expect(operation).toMatchObject({
      operationId: expect.any(String),
      summary: expect.stringMatching(/\w{3}/),
    })
    expect(Object.keys(operation.responses).length).toBeGreaterThan(1)
  }
})

test('everything that is referred to is there', () => {
  const text = JSON.stringify(document)
  const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
  expect([...new Set(names)].sort()).toEqual(Object.keys(document.components.schemas).sort())
  expect(names).toEqual(expect.arrayContaining(['ContainerInfo', 'ExitRecord', 'EngineEvent', 'ErrorReply']))
})

test('what answers on the socket answers as documented, an error too', async () => {
  await using owner = await startOwner()
  const asked = new Set<string>()
  const ask = documentedAsker(owner.socketPath, asked)
  expect(await ask('POST', '/v1/containers', { name: 'web', rootfs: '/r' })).toMatchObject({ status: 201 })
  for (const verb of ['start', 'pause', 'resume', 'refresh', 'kill', 'checkpoint', 'restore', 'cleanup']) {
    await ask('POST', `/v1/containers/web/${verb}`)
  }
  await ask('POST', '/v1/containers/web/create')
  await ask('POST', '/v1/containers/web/exec', { command: ['true'] })
  await ask('POST', '/v1/containers/web/execs/stop')
  await ask('POST', '/v1/containers/web/execs/abc/kill')
  for (const look of ['', '/execs', '/top', '/logs']) await ask('GET', `/v1/containers/web${look}`)
  await ask('POST', '/v1/containers/web/stop')
  for (const path of ['containers?all', 'snapshot', 'version', 'events', 'openapi.json']) {
    await ask('GET', `/v1/${path}`)
  }
  expect(await ask('DELETE', '/v1/containers/web')).toMatchObject({ status: 204 })
  expect(await ask('GET', '/v1/containers/web/wait')).toMatchObject({ status: 200 })
  expect(await ask('GET', '/v1/containers/web/exit')).toMatchObject({ status: 200 })
  expect(await ask('GET', '/v1/containers/web')).toMatchObject({ status: 404 })
  expect(await ask('GET', '/v1/containers?all=maybe')).toMatchObject({ status: 400 })

  const follow = ask('GET', '/v1/follow?since=0')
  await expect.poll(() => owner.engine.events.readers).toBe(1)
  await owner.server.close()
  expect((await follow).body).toContain('"snapshot"')

  // Whose answers are frames.
  const streams = ['attachContainer', 'execStream']
  expect([...asked, ...streams].sort()).toEqual(operations.map(({ operationId }) => operationId).sort())
})

test('an answer that lacks something, or has more than is documented, is told from a right one', () => {
  const reply = { content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorReply' } } } }
  const error = { name: 'E', code: 'E', message: 'm' }
  expect(problemsOf(reply, JSON.stringify({ error }))).toEqual([])
  expect(problemsOf(reply, JSON.stringify({ error: { ...error, code: 1 } }))).not.toEqual([])
  expect(problemsOf(reply, JSON.stringify({ error: { ...error, stack: 's' } }))).not.toEqual([])
  expect(problemsOf(reply, JSON.stringify({ error: { name: 'E', code: 'E' } }))).not.toEqual([])
})
