import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { cliPlace } from '../cli/place.ts'
import { freePort } from '../fixtures/ports.ts'
import { ask } from './inspected.ts'

/** An owner with the inspector; its address is what it prints. */
async function serving(...args: string[]) {
  const place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const owner = place.cli('serve', ...args)
  onTestFinished(async () => {
    owner.kill('SIGTERM')
    await owner
  })
  let said = ''
  while (!said.includes('inspector at')) said += String((await once(owner.stderr, 'data'))[0])
  const url = new URL(/inspector at (\S+)/.exec(said)?.[1] ?? '')
  return { place, owner, port: Number(url.port), token: url.hash.replace('#token=', '') }
}

test('serve --inspect prints the address of a page whose token gets one in', async () => {
  const { place, owner, port, token } = await serving('--inspect')
  const { status, body } = await ask(port, {
    path: '/v1/version',
    headers: { authorization: `Bearer ${token}` },
  })
  expect({ status, pid: JSON.parse(body).pid }).toEqual({ status: 200, pid: await place.owner() })
  expect((await ask(port, { path: '/' })).body).toContain('<div id="page">')
  owner.kill('SIGTERM')
  expect((await owner).exitCode).toBe(0)
})

test('a port is taken as it is named; one that another has is said, with what to do, and the owner does not start', async () => {
  const wanted = await freePort()
  const { port } = await serving('--inspect', String(wanted))
  expect(port).toBe(wanted)
  const other = await cliPlace()
  onTestFinished(() => other[Symbol.asyncDispose]())
  const { exitCode, stderr } = await other.cli('serve', '--inspect', String(wanted), '--log-level', 'silent')
  expect(exitCode).toBe(125)
  expect(stderr).toContain(`port ${wanted}`)
  expect(stderr).toContain('name another port')
})

test('a number that no port has is refused', async () => {
  const place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const { exitCode, stderr } = await place.cli('serve', '--inspect', '65536')
  expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining('at most 65535') })
})
