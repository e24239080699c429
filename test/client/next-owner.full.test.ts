import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectEngine } from '../../src/client/index.ts'
import type { EngineEvent } from '../../src/index.ts'
import { type CliPlace, cliPlace } from '../cli/place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'who follows an owner that ends by %s goes on with the next one: no event is lost, and none comes twice',
  async (signal) => {
    await place.cli('ps')
    await using engine = await connectEngine({ runRoot: place.runRoot })
    const begin = engine.events.last
    const [live, followed]: [EngineEvent[], EngineEvent[]] = [[], []]
    const completed = vi.fn()
    engine.events.subscribe({ next: (event) => live.push(event), complete: completed })
    const following = (async () => {
      for await (const event of engine.events.since(begin)) {
        followed.push(event)
        if (event.type === 'state' && event.name === `last-${signal}` && event.to === 'removed') return
      }
    })()
    const web = await engine.create({
      name: `web-${signal}`,
      rootfs: place.rootfs,
      command: ['sh', '-c', `while [ ! -e /tmp/go-${signal} ]; do sleep 0.05; done; exit 9`],
    })
    await web.start()
    const exit = web.wait().catch((error) => error)

    const { pid } = web.inspect()
    await place.endOwner(signal)
    expect(await exit).toMatchObject({ code: signal === 'SIGKILL' ? 'EOWNERGONE' : 'ECLOSED' })
    await expect(web.pause()).rejects.toMatchObject({ code: 'ENOOWNER' })
    // What was known is still there to be looked at; the container lives, and exits while nobody owns it.
    expect(web.state).toBe('running')
    writeFileSync(`/proc/${pid}/root/tmp/go-${signal}`, '')

    await place.cli('ps')
    await expect.poll(() => web.state).toBe('exited')
    expect(web.inspect().exit).toMatchObject({ code: 9, cause: 'exited' })
    const last = await engine.create({ name: `last-${signal}`, rootfs: place.rootfs, command: ['true'] })
    await last.remove({ force: true })
    await web.remove()
    await following
    await expect.poll(() => live.at(-1)?.seq).toBe(engine.events.last)

    const all: EngineEvent[] = []
    for await (const event of engine.events.past(begin)) all.push(event)
    expect(live).toEqual(all)
    expect(all.slice(0, followed.length)).toEqual(followed)
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => begin + 1 + index))
    expect(completed).not.toHaveBeenCalled()
    await engine.close()
    expect(completed).toHaveBeenCalledOnce()
  },
)

test('where nobody answers, connecting says so', async () => {
  await place.endOwner('SIGTERM').catch(() => {})
  const connecting = connectEngine({ runRoot: place.runRoot })
  await expect(connecting).rejects.toMatchObject({ code: 'ENOOWNER', hint: expect.stringContaining('serve') })
})

test('who follows is told where the next owner answers and will not be followed', async () => {
  await place.cli('ps')
  await using engine = await connectEngine({ runRoot: place.runRoot })
  const [events, containers] = [vi.fn(), vi.fn()]
  engine.events.subscribe({ error: events })
  engine.containers.subscribe({ error: containers })
  await place.endOwner('SIGTERM')

  const error = { name: 'RunchartError', code: 'ENOROUTE', message: 'the owner does not know GET /v1/follow' }
  const stranger = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
  })
  const socket = join(place.runRoot, 'owner.sock')
  await once(stranger.listen(socket), 'listening')
  try {
    await expect
      .poll(() => [events.mock.lastCall, containers.mock.lastCall])
      .toMatchObject([[{ code: 'ENOROUTE' }], [{ code: 'ENOROUTE' }]])
    const late = vi.fn()
    engine.events.subscribe({ error: late })
    expect(late).toHaveBeenCalledWith(expect.objectContaining({ code: 'ENOROUTE' }))
  } finally {
    stranger.closeAllConnections()
    stranger.close()
  }
})
