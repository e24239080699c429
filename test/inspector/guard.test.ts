import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { openSimulatedEngine } from '../../src/testing/index.ts'
import { type Asked, ask, inspected, partsOf } from './inspected.ts'

async function guarded() {
  const world = await openSimulatedEngine()
  onTestFinished(() => world[Symbol.asyncDispose]())
  const inspector = await inspected(world.engine)
  const { port, token } = partsOf(inspector)
  const bearer = { authorization: `Bearer ${token}` }
  return { engine: world.engine, inspector, port, token, bearer, ask: (asked: Asked) => ask(port, asked) }
}

test('the token is long, another one each time, and where no server is told of it', async () => {
  const [one, other] = [await guarded(), await guarded()]
  expect(Buffer.from(one.token, 'base64url')).toHaveLength(32)
  expect(one.token).not.toBe(other.token)
  expect(one.inspector.url).toBe(`http://127.0.0.1:${one.port}/#token=${one.token}`)
})

test('it is needed for everything but the page itself, which says nothing', async () => {
  const { ask, token, bearer } = await guarded()
  for (const path of ['/v1/snapshot', '/v1/events', '/v1/openapi.json', '/v1/nosuch', '/nosuch']) {
    expect({ path, ...(await ask({ path })) }).toMatchObject({ path, status: 401 })
  }
  const { body } = await ask({})
  expect(JSON.parse(body).error).toMatchObject({ code: 'ETOKEN', hint: expect.stringContaining('--inspect') })
  expect(await ask({ headers: bearer })).toMatchObject({ status: 200 })
  for (const path of ['/', '/main.js', '/style.css', '/container.svg']) {
    const file = await ask({ path })
    expect({ path, status: file.status }).toEqual({ path, status: 200 })
    expect(file.body).not.toContain(token)
  }
})

test.each(['', 'x', 'x'.repeat(43)])('a wrong one, such as "%s", gets nobody in', async (wrong) => {
  const { ask, port } = await guarded()
  const cookie = `runchart-inspector-${port}=${wrong}`
  expect(await ask({ headers: { authorization: `Bearer ${wrong}` } })).toMatchObject({ status: 401 })
  expect(await ask({ headers: { cookie } })).toMatchObject({ status: 401 })
  const entered = await ask({ method: 'POST', path: '/session', body: { token: wrong } })
  expect(entered).toMatchObject({ status: 401, cookie: '' })
})

test('it is changed into a cookie that no script reads and no other site is given', async () => {
  const { ask, token } = await guarded()
  const { status, cookie } = await ask({ method: 'POST', path: '/session', body: { token } })
  expect(status).toBe(204)
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Strict')
  const [pair = ''] = cookie.split(';')
  expect(await ask({ headers: { cookie: `other=1; ${pair}` } })).toMatchObject({ status: 200 })
})

test('whoever comes by another name is refused, though the token is right: names can be made to point here', async () => {
  const { ask, port, bearer } = await guarded()
  for (const host of [`evil.example:${port}`, '127.0.0.1:1', '127.0.0.1', `127.0.0.1.nip.io:${port}`]) {
    const answer = await ask({ headers: { ...bearer, host } })
    expect({ host, status: answer.status }).toEqual({ host, status: 403 })
    expect(await ask({ path: '/', headers: { host } })).toMatchObject({ status: 403 })
  }
  for (const host of [`localhost:${port}`, `[::1]:${port}`]) {
    expect(await ask({ headers: { ...bearer, host } })).toMatchObject({ status: 200 })
  }
})

test('what a page of another origin asks is refused, whatever it knows', async () => {
  const { engine, ask, port, bearer } = await guarded()
  const { id } = await engine.create({ rootfs: '/any', command: ['sleep'] })
  const remove = (origin: string) =>
    ask({ method: 'DELETE', path: `/v1/containers/${id}`, headers: { ...bearer, origin } })
  for (const origin of [
    'http://evil.example',
    'null',
    `http://127.0.0.1:${port + 1}`,
    `https://127.0.0.1:${port}`,
  ]) {
    expect({ origin, ...(await remove(origin)) }).toMatchObject({ origin, status: 403 })
  }
  expect(engine.snapshot().containers).toHaveLength(1)
  expect(await remove(`http://127.0.0.1:${port}`)).toMatchObject({ status: 204 })
})

test('connections are not upgraded', async () => {
  const { engine, port, token } = await guarded()
  const { id } = await engine.create({ rootfs: '/any', command: ['sleep'] })
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `POST /v1/containers/${id}/attach HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n` +
      'Connection: Upgrade\r\nUpgrade: runchart-frames\r\nContent-Length: 0\r\n\r\n',
  )
  const [answer] = await once(socket, 'data')
  socket.destroy()
  expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /)
})

test('the page may load nothing from elsewhere, run nothing that is written into it, and be in no other page', async () => {
  const { port } = await guarded()
  const { headers } = await fetch(`http://127.0.0.1:${port}/`)
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(headers.get('referrer-policy')).toBe('no-referrer')
})

test('it is on loopback alone', async () => {
  const { port } = await guarded()
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  for (const { address } of addresses.filter(({ internal, family }) => !internal && family === 'IPv4')) {
    await expect(fetch(`http://${address}:${port}/`)).rejects.toThrow()
  }
})

test('a port that another has is an error that says what to do', async () => {
  const { engine, port } = await guarded()
  await expect(inspected(engine, port)).rejects.toMatchObject({
    code: 'EPORT',
    message: expect.stringContaining(String(port)),
    hint: 'name another port, or none for any that is free',
  })
})
