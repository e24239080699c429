import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { startOwner, type TestOwner } from '../owner.ts'

let owner: TestOwner
beforeEach(async () => {
  owner = await startOwner()
  onTestFinished(() => owner[Symbol.asyncDispose]())
})

interface SentEvent {
  id: string
  event: string
  data: string
}

/** The events of a stream as the HTML standard reads them: fields of lines, an empty line at the end of each. */
async function* read(response: IncomingMessage): AsyncGenerator<SentEvent> {
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string])
      yield { id: '', event: '', data: '', ...Object.fromEntries(fields) }
    }
  }
}

async function connect(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const call = request({
    socketPath: owner.socketPath,
    path,
    headers: { accept: 'text/event-stream', ...headers },
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  onTestFinished(() => void response.destroy())
  return response
}

const take = async (response: IncomingMessage, count: number): Promise<SentEvent[]> => {
  const taken: SentEvent[] = []
  for await (const event of read(response)) if (taken.push(event) === count) break
  return taken
}

test('each event has its number as id, its type, and itself as data', async () => {
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const response = await connect('/v1/events?since=0')
  expect(response.headers['content-type']).toBe('text/event-stream')
  const [first] = await take(response, 1)
  expect(first).toMatchObject({ id: '1', event: 'state' })
  expect(JSON.parse(first?.data ?? '')).toMatchObject({ seq: 1, type: 'state', name: 'web', to: 'created' })
})

test('who connects anew with the last id goes on after it: nothing is missed, and nothing comes twice', async () => {
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const [first] = await take(await connect('/v1/events?since=0'), 1)
  await owner.client.start('web')
  await owner.client.pause('web')
  const again = await connect('/v1/events?since=0', { 'last-event-id': first?.id ?? '' })
  const reading = take(again, 3)
  await owner.client.resume('web')
  expect((await reading).map(({ id }) => id)).toEqual(['2', '3', '4'])
})

test('without a number it begins with what happens next', async () => {
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const reading = take(await connect('/v1/events'), 1)
  await owner.client.start('web')
  expect((await reading)[0]?.id).toBe('2')
})

test('an id that is none is ignored, as by any server', async () => {
  await owner.client.create({ name: 'web', rootfs: '/r' })
  const [first] = await take(await connect('/v1/events?since=0', { 'last-event-id': 'x' }), 1)
  expect(first?.id).toBe('1')
})
