import { join } from 'node:path'
import pino from 'pino'
import { expect, test } from 'vitest'
import { serveOwner } from '../../../src/api/serve.ts'
import { testPlace } from '../../fixtures/engine.ts'
import { documentedAsker } from './answers.ts'

test('a real container answers as documented, from its creation to its last event', async () => {
  await using place = await testPlace()
  const engine = await place.open()
  const server = await serveOwner(engine, { logger: pino({ level: 'silent' }) })
  const ask = documentedAsker(join(place.runRoot, 'owner.sock'), new Set())
  try {
    const container = {
      name: 'web',
      rootfs: place.rootfs,
      command: ['sh', '-c', 'echo hello; exec sleep 1000'],
      labels: { tier: 'front' },
      ports: [{ protocol: 'tcp', hostPort: 8080 }],
      reservePorts: false,
      restart: 'on-failure:1',
      healthCheck: { command: ['ls', '/'], interval: 0.2 },
    }
    expect(await ask('POST', '/v1/containers', container)).toMatchObject({ status: 201 })
    expect(await ask('POST', '/v1/containers/web/start')).toMatchObject({ status: 200 })
    expect(await ask('POST', '/v1/containers/web/start')).toMatchObject({ status: 409 })
    await expect.poll(async () => engine.get('web').inspect().health?.status).toBe('healthy')
    expect(await ask('GET', '/v1/containers/web/wait?for=running')).toMatchObject({ status: 200 })
    const detached = { command: ['sleep', '1000'], detach: true }
    expect(await ask('POST', '/v1/containers/web/exec', detached)).toMatchObject({ status: 201 })
    expect(await ask('POST', '/v1/containers/web/exec', { command: ['ls'] })).toMatchObject({ status: 200 })
    for (const look of ['', '/top', '/execs', '/logs']) await ask('GET', `/v1/containers/web${look}`)
    await ask('POST', '/v1/containers/web/execs/stop', { timeout: 0 })
    expect(await ask('GET', '/v1/containers/web/wait?timeout=0')).toMatchObject({ status: 504 })
    await ask('POST', '/v1/containers/web/stop', { timeout: 0, by: 'the test' })
    expect(await ask('GET', '/v1/snapshot')).toMatchObject({ body: expect.stringContaining('the test') })
    expect(await ask('DELETE', '/v1/containers/web')).toMatchObject({ status: 204 })
    const { body } = await ask('GET', '/v1/events')
    for (const type of ['state', 'health', 'signal', 'exec.started', 'exec.exited']) {
      expect(body).toContain(`"type":"${type}"`)
    }
  } finally {
    await server.close()
  }
})
