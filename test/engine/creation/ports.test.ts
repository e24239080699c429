import { networkInterfaces } from 'node:os'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Container, InvalidInputError, type PortMapping } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { canBind, freePort } from '../../fixtures/ports.ts'

let place: TestPlace
beforeAll(async () => {
  place = await testPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'))
const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.05; done'

describe.for(['tcp', 'udp'] as const)('a reserved port of %s', (protocol) => {
  test('stays taken while the container lives, also without an engine, and is free after its exit', async () => {
    const hostPort = await freePort()
    const ports = [{ protocol, hostPort, hostIp: '127.0.0.1' }]
    await using first = await place.open({ reservePorts: true })
    const { id, start } = await made(first.create({ ...(await options(FOREVER)), ports }))
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    await start()
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    await first.close()
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    await using second = await place.open()
    await second.get(id).stop()
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('yes')
    await second.get(id).start()
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    await second.get(id).remove({ force: true })
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('yes')
  })

  test('without an address is taken on all', async () => {
    const hostPort = await freePort()
    await using engine = await place.open({ reservePorts: true })
    await using container = await engine.create({
      ...(await options('true')),
      ports: [{ protocol, hostPort }],
    })
    expect(container.state).toBe('created')
    expect(await canBind(protocol, '127.0.0.1', hostPort)).toBe('EADDRINUSE')
    if (hasIPv6) expect(await canBind(protocol, '::1', hostPort)).toBe('EADDRINUSE')
    await container.remove({ force: true })
    expect(await canBind(protocol, '0.0.0.0', hostPort)).toBe('yes')
  })

  test('that is taken already is an error that names it, and nothing is left of the container', async () => {
    const hostPort = await freePort()
    await using engine = await place.open({ reservePorts: true })
    const ports = [{ protocol, hostPort }]
    await using _ = await engine.create({ ...(await options('true')), ports })
    const second = engine.create({ ...(await options('true')), name: 'late', ports })
    await expect(second).rejects.toMatchObject({ code: 'EPORT', port: hostPort })
    await expect(second).rejects.toThrow(`${hostPort}/${protocol}: it is taken`)
    expect(() => engine.get('late')).toThrow()
    expect(engine.snapshot().containers).toHaveLength(1)
    await engine.get(engine.snapshot().containers[0]?.id ?? '').remove({ force: true })
    expect(place.leftovers()).toEqual([])
  })
})

test('a conmon that is killed lets go of its ports', async () => {
  await using engine = await place.open({ reservePorts: true })
  const hostPort = await freePort()
  await using container = await engine.create({
    ...(await options(FOREVER)),
    ports: [{ protocol: 'tcp', hostPort }],
  })
  await container.start()
  process.kill(container.inspect().monitorPid ?? 0, 'SIGKILL')
  expect(await container.wait()).toMatchObject({ code: -1, cause: 'monitor-lost' })
  expect(await canBind('tcp', '0.0.0.0', hostPort)).toBe('yes')
})

test('the container itself does not have the socket', async () => {
  await using engine = await place.open({ reservePorts: true })
  const ports: PortMapping[] = [{ protocol: 'tcp', hostPort: await freePort() }]
  await using container = await engine.create({ ...(await options('ls /proc/self/fd')), ports })
  await container.start()
  await container.wait()
  expect(await output(container)).toEqual(['0', '1', '2', '3'])
  await container.remove()
})

test('ports are only written down where they are not reserved, and one container may differ', async () => {
  const hostPort = await freePort()
  await using engine = await place.open()
  const ports: PortMapping[] = [{ protocol: 'tcp', hostPort, containerPort: 80 }]
  await using written = await engine.create({ ...(await options('true')), ports })
  expect(written.inspect()).toMatchObject({ ports, reservePorts: false, exitCommand: null })
  expect(await canBind('tcp', '0.0.0.0', hostPort)).toBe('yes')
  await using kept = await engine.create({ ...(await options('true')), ports, reservePorts: true })
  expect(await canBind('tcp', '0.0.0.0', hostPort)).toBe('EADDRINUSE')
  await Promise.all([written, kept].map((container) => container.remove({ force: true })))
})

test('SCTP is warned of once for a container', async () => {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  await using engine = await place.open({ reservePorts: true, logger: pino({ level: 'warn' }, sink) })
  const ports: PortMapping[] = [132, 133].map((hostPort) => ({ protocol: 'sctp', hostPort }))
  await using container = await engine.create({ ...(await options('true')), ports })
  expect(lines.filter((line) => line.includes('SCTP'))).toHaveLength(1)
  await container.remove({ force: true })
})

test.for([
  [{ protocol: 'icmp', hostPort: 80 }, 'unknown protocol "icmp" of port 80'],
  [{ protocol: 'tcp', hostPort: 70_000 }, '70000 is not a port'],
  [{ protocol: 'tcp', hostPort: 80, hostIp: 'example' }, 'address "example" of port 80'],
  [{ protocol: 'tcp', hostPort: 80, containerPort: 0 }, 'port of the container 0'],
] as unknown as [PortMapping, string][])(
  '%j is refused whether or not it is reserved',
  async ([port, words]) => {
    await using engine = await place.open()
    const creation = engine.create({ ...(await options('true')), ports: [port] })
    await expect(creation).rejects.toThrow(InvalidInputError)
    await expect(creation).rejects.toThrow(words)
    expect(engine.snapshot().containers).toEqual([])
  },
)

async function options(script: string) {
  return { rootfs: place.rootfs, command: ['sh', '-c', script], stopTimeout: 1 }
}

async function made(creation: Promise<Container>) {
  const container = await creation
  return { id: container.id, start: () => container.start() }
}

async function output(container: Container): Promise<string[]> {
  const lines: string[] = []
  for await (const { data } of container.logs()) lines.push(data.toString())
  return lines
}
