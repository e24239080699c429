import { request } from 'node:http'
import { expect, test } from 'vitest'
import { OutputQueue } from '../../effects/attach/output-queue.ts'
import { AttachError } from '../../src/errors.ts'
import type { Attachment } from '../../src/types.ts'
import { startOwner, type TestOwner } from './owner.ts'

/** An attachment whose other end is the test. */
class FakeAttachment implements Attachment {
  readonly terminal = true
  readonly output = new OutputQueue(1_000_000)
  readonly asked: unknown[] = []
  readonly ended: Promise<void>
  detached = false
  end_: () => void = () => {}
  /** What `write` waits for. */
  room: Promise<void> = Promise.resolve()

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end_ = resolve
    })
  }

  async write(data: Uint8Array | string): Promise<void> {
    await this.room
    this.asked.push(String(data))
  }

  async end(): Promise<void> {
    this.asked.push('end')
  }

  async resize(size: object): Promise<void> {
    this.asked.push(size)
  }

  detach(): void {
    this.detached = true
    this.finish()
  }

  finish(error?: unknown): void {
    this.output.end(error)
    this.end_()
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function attached(owner: TestOwner): Promise<{ far: FakeAttachment; near: Attachment }> {
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const far = new FakeAttachment()
  owner.engine.get('web').attachment = async () => far
  return { far, near: await owner.client.attach('web') }
}

async function collect({ output }: Attachment): Promise<string[]> {
  const all: string[] = []
  for await (const { stream, data } of output) all.push(`${stream}: ${data}`)
  return all
}

test('an attachment carries output, input, sizes and ends, in order', async () => {
  await using owner = await startOwner()
  const { far, near } = await attached(owner)
  expect(near.terminal).toBe(true)
  far.output.push({ stream: 'stdout', data: Buffer.from('out') })
  far.output.push({ stream: 'stderr', data: Buffer.from('err') })
  await near.write('hi')
  await near.resize({ columns: 132, rows: 43 })
  await near.write(Buffer.from('x'))
  await near.end()
  await expect.poll(() => far.asked).toEqual(['hi', { columns: 132, rows: 43 }, 'x', 'end'])
  far.finish()
  expect(await collect(near)).toEqual(['stdout: out', 'stderr: err'])
  await near.ended
  await expect(near.write('late')).rejects.toMatchObject({ code: 'EATTACHENDED' })
})

test('an error of the attachment arrives as that error, after what came before it', async () => {
  await using owner = await startOwner()
  const { far, near } = await attached(owner)
  far.output.push({ stream: 'stdout', data: Buffer.from('kept') })
  far.finish(new AttachError('ESLOWREADER', 'too far behind', { hint: 'attach again' }))
  const seen: string[] = []
  const reading = (async () => {
    for await (const { data } of near.output) seen.push(String(data))
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ESLOWREADER', hint: 'attach again' })
  expect(seen).toEqual(['kept'])
})

test('a client that leaves, or is gone, is detached', async () => {
  await using owner = await startOwner()
  const { far, near } = await attached(owner)
  near.detach()
  expect(await collect(near)).toEqual([])
  await expect.poll(() => far.detached).toBe(true)
  const giveUp = new AbortController()
  const other = new FakeAttachment()
  owner.engine.get('web').attachment = async () => other
  const second = await owner.client.attach('web', { signal: giveUp.signal })
  giveUp.abort(new Error('enough'))
  await expect(collect(second)).rejects.toThrow('enough')
  await expect.poll(() => other.detached).toBe(true)
})

test('an owner that closes breaks an attachment off', async () => {
  await using owner = await startOwner()
  const { far, near } = await attached(owner)
  const reading = collect(near)
  reading.catch(() => {})
  await owner.server.close()
  await expect(reading).rejects.toMatchObject({ code: 'EOWNERGONE' })
  await expect.poll(() => far.detached).toBe(true)
})

test('a container that does not read makes a writer wait, and does not fill the owner', async () => {
  await using owner = await startOwner()
  const { far, near } = await attached(owner)
  const room = Promise.withResolvers<void>()
  far.room = room.promise
  let written = 0
  const writing = (async () => {
    for (; written < 200; written += 1) await near.write(Buffer.alloc(100_000, 'x'))
  })()
  let before = -1
  const stands = (): boolean => {
    const same = written === before
    before = written
    return same
  }
  await expect.poll(stands, { interval: 100 }).toBe(true)
  expect(written).toBeLessThan(100)
  room.resolve()
  await writing
  await expect.poll(() => far.asked.join('').length).toBe(20_000_000)
})

test('what cannot be attached to is refused like any other request', async () => {
  await using owner = await startOwner()
  await expect(owner.client.attach('nosuch')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const refusal = new AttachError('EATTACH', 'conmon does not listen', { hint: 'look at its state' })
  owner.engine.get('web').attachment = () => Promise.reject(refusal)
  await expect(owner.client.attach('web')).rejects.toMatchObject({
    name: 'AttachError',
    code: 'EATTACH',
    hint: 'look at its state',
  })
})

test.for([
  ['GET', '/v1/containers/web/attach', 'runchart-frames', 404],
  ['POST', '/v1/containers/web/nosuch', 'runchart-frames', 404],
  ['POST', '/v1/containers/web/attach', 'websocket', 400],
  ['POST', '/v1/containers/%zz/attach', 'runchart-frames', 400],
] as const)('%s %s to %s is answered with %i', async ([method, path, upgrade, status]) => {
  await using owner = await startOwner()
  const answer = new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade }
    request({ socketPath: owner.socketPath, method, path, headers, agent: false })
      .on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      .on('error', reject)
      .end()
  })
  expect(await answer).toBe(status)
})
