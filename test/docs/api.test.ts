import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pino from 'pino'
import { expect, test } from 'vitest'
import { serveOwner } from '../../src/api/serve.ts'
import { testPlace } from '../fixtures/engine.ts'

const docs = join(import.meta.dirname, '../../docs')
const text = readFileSync(join(docs, 'api.md'), 'utf8')
const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code = '']) => code)

test('the commands of docs/api.md do what it says, in their order', async () => {
  await using place = await testPlace()
  const server = await serveOwner(await place.open(), { logger: pino({ level: 'silent' }) })
  const commands = blocks
    .join('')
    .replaceAll('/run/runchart/', `${place.runRoot}/`)
    .replaceAll('/srv/rootfs', place.rootfs)
    .replace('{ curl ', "{ curl -w '\\n=%{http_code}\\n' ")
  const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', commands]).finally(() => server.close())

  const answers = [...stdout.matchAll(/(.*?)\n=(\d{3})\n/gs)].map(([, body = '', status]) => ({
    body,
    status,
  }))
  const statuses = answers.map(({ status }) => status)
  const containers = ['201', '200', '200', '200', '200', '200', '200']
  expect(statuses).toEqual(['200', ...containers, '200', '404', '204'])
  const [version, made, started, list, executed, stopped, waited, log, events, nobody] = answers.map(
    ({ body }) => body,
  )
  expect(version).toContain(`"runRoot":"${place.runRoot}"`)
  expect(JSON.parse(made ?? '')).toMatchObject({ name: 'web', state: 'created' })
  expect(JSON.parse(started ?? '')).toMatchObject({ state: 'running' })
  expect(JSON.parse(list ?? '')).toMatchObject([{ name: 'web' }])
  expect(JSON.parse(executed ?? '')).toMatchObject({ exitCode: 0, stdout: 'from within\n' })
  expect(JSON.parse(stopped ?? '')).toMatchObject({ code: 137, by: 'me' })
  expect(JSON.parse(waited ?? '')).toEqual(JSON.parse(stopped ?? ''))
  // It may have been stopped before it came to that.
  expect(log).toMatch(/^(\S+ stdout F hello\n)?$/)
  expect(events).toContain('"to":"running"')
  expect(JSON.parse(nobody ?? '')).toMatchObject({ error: { code: 'ENOTFOUND' } })
})

test('every file that the page names is there', () => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '')
  expect(links).toContain('openapi.json')
  for (const link of links) expect(existsSync(join(docs, link)), link).toBe(true)
})
