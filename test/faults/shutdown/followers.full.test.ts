import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Container, type Engine, type EngineEvent, openEngine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const CLOSED = { code: 'ECLOSED', hint: expect.stringContaining('containers live on') }
const LONG = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'

async function running(engine: Engine): Promise<Container> {
  const web = await place.sh(engine, LONG, { name: 'web' })
  await web.start()
  for await (const _ of web.logs({ follow: true })) break
  return web
}

/** What a reader got, and how it ended: with nothing, or with an error. */
async function readAll<T>(source: AsyncIterable<T>): Promise<{ got: T[]; error?: unknown }> {
  const got: T[] = []
  try {
    for await (const one of source) got.push(one)
    return { got }
  } catch (error) {
    return { got, error }
  }
}

const numbers = (events: readonly EngineEvent[]): number[] => events.map(({ seq }) => seq)
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

describe('a subscriber of events, when the engine closes', () => {
  test('has heard of all that was committed, what the close itself did included, and is told the end', async () => {
    const engine = await place.open()
    const live: EngineEvent[] = []
    let completed = 0
    engine.events.subscribe({ next: (event) => live.push(event), complete: () => (completed += 1) })
    const replayed: EngineEvent[] = []
    engine.events
      .since(0)
      .subscribe({ next: (event) => replayed.push(event), complete: () => (completed += 1) })
    const iterated = readAll(engine.events)
    const since = readAll(engine.events.since(0))
    const web = await running(engine)
    // It ends with the engine, and its end is an event.
    await web.execSession(['sleep', '1000'])
    await engine.close()

    const next = await place.open()
    const all = [...next.events.past(0)].filter(({ type }) => type !== 'signal')
    const end = all.findIndex(({ type }) => type === 'exec.exited')
    const expected = upTo(end + 1)
    expect(numbers((await since).got)).toEqual(expected)
    expect(numbers((await iterated).got)).toEqual(expected)
    expect(numbers(live)).toEqual(expected)
    await expect.poll(() => completed).toBe(2)
    expect(numbers(replayed)).toEqual(expected)
    recordFault('close under followers of events', 'each has all that was committed, then the end')
  })

  test('in the middle of a long replay ends cleanly, and goes on from its number with the next engine', async () => {
    await (await place.open()).close()
    const last = 5_000
    fill(last)
    const engine = await place.open()
    const observed: EngineEvent[] = []
    let completed = false
    const begun = Promise.withResolvers<void>()
    engine.events.since(0).subscribe({
      next(event) {
        observed.push(event)
        begun.resolve()
      },
      complete: () => {
        completed = true
      },
    })
    const reader = engine.events.since(0)[Symbol.asyncIterator]()
    const first = await reader.next()
    await begun.promise
    await engine.close()
    const iterated = [first.value as EngineEvent, ...(await readAll(restOf(reader))).got]
    await expect.poll(() => completed).toBe(true)
    for (const events of [observed, iterated]) {
      expect(events.length).toBeLessThan(last)
      expect(numbers(events)).toEqual(upTo(events.length))
    }

    const next = await place.open()
    const rest: EngineEvent[] = []
    for await (const event of next.events.since(iterated.length)) {
      rest.push(event)
      if (event.seq === last) break
    }
    expect(numbers([...iterated, ...rest])).toEqual(upTo(last))
    recordFault(
      'close in the middle of a long replay',
      'it ends, and is resumed from its number without a gap',
    )
  })

  test('that throws at the end takes it from nobody else', async () => {
    const errors: unknown[] = []
    const { pino } = await import('pino')
    const logger = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line)) })
    const engine = await place.open({ logger })
    let told = 0
    engine.events.subscribe({
      complete() {
        told += 1
        throw new Error('a consumer that breaks')
      },
    })
    engine.events.subscribe({ complete: () => (told += 1) })
    await engine.close()
    expect(told).toBe(2)
    expect(JSON.stringify(errors)).toContain('a consumer that breaks')
    expect((await place.open()).snapshot().containers).toEqual([])
    recordFault('a subscriber throws at the end of events', 'the others are told, the root is let go of')
  })
})

describe('whoever waits for a container, when the engine closes', () => {
  test('is told so; the container lives on, and the next engine is asked', async () => {
    const engine = await place.open()
    const web = await running(engine)
    const exit = web.wait().catch((error: unknown) => error)
    const log = readAll(web.logs({ follow: true }))
    const attachment = await web.attach()
    const output = readAll(attachment.output)
    await engine.close()

    expect(await exit).toMatchObject(CLOSED)
    const { got, error } = await log
    expect(got.map(({ data }) => String(data))).toEqual(['ready'])
    expect(error).toMatchObject(CLOSED)
    expect((await output).error).toMatchObject(CLOSED)
    await attachment.ended
    const next = await place.open()
    expect(await next.get('web').stop()).toMatchObject({ code: 5, generation: 1 })
    recordFault('close under wait, logs -f and attach', 'ECLOSED, the container lives on')
  })
})

describe('a command in a container, when the engine closes', () => {
  test('is killed where it is attached, and lives on where it is detached, whatever was asked of it', async () => {
    const engine = await place.open()
    const web = await running(engine)
    const attached = await web.execSession(['sleep', '1000'])
    const stubborn = ['sh', '-c', 'trap "" TERM; touch /tmp/up; while :; do sleep 0.05; done']
    const detached = await web.execSession(stubborn, { detach: true })
    detached.exited.catch(() => {})
    await expect.poll(() => existsSync(join(place.rootfs, 'tmp/up'))).toBe(true)
    const stopped = web.execStop({ session: detached.id, timeout: 600 }).catch((error: unknown) => error)
    await expect.poll(() => web.execs().find(({ id }) => id === detached.id)?.state).toBe('stopping')
    await engine.close({ timeout: 2 })

    expect(await attached.exited).toMatchObject({ code: 137 })
    expect(await stopped).toMatchObject(CLOSED)
    const next = await place.open()
    expect(next.get('web').execs()).toMatchObject([{ id: detached.id, pid: detached.pid, state: 'running' }])
    recordFault('close during exec', 'attached is killed, detached lives on, its stop is ECLOSED')
  })
})

describe('a store that cannot be written when the engine closes', () => {
  test('is told of; everyone is let go all the same, and the next engine finds the truth', async () => {
    const { root, runRoot } = place
    const engine = await openEngine({ root, runRoot, runtime: TEST_RUNTIME })
    const web = await running(engine)
    const pid = web.inspect().pid ?? 0
    let completed = false
    engine.events.subscribe({ complete: () => (completed = true) })
    const locked = new DatabaseSync(join(place.root, 'store.db'))
    locked.exec('BEGIN IMMEDIATE')
    const stopping = web.stop().catch((error: unknown) => error)
    expect(await stopping).toMatchObject({ code: 'ESTORE' })
    const exit = web.wait().catch((error: unknown) => error)
    await expect(engine.close({ timeout: 0.1 })).rejects.toMatchObject({ code: 'ESTORE' })
    expect(await exit).toMatchObject(CLOSED)
    expect(completed).toBe(true)
    locked.exec('ROLLBACK')
    locked.close()

    const next = await place.open()
    // The intent to stop it was never on disk, so nobody has sent a signal.
    expect(next.get('web').inspect()).toMatchObject({ state: 'running', pid })
    expect(await next.get('web').stop()).toMatchObject({ code: 5 })
    recordFault(
      'the store is locked when the engine closes',
      'ESTORE, the root is free, the next engine agrees',
    )
  })
})

/** Events of the past, as many as a busy year leaves. */
function fill(count: number): void {
  const database = new DatabaseSync(join(place.root, 'store.db'))
  database.exec('BEGIN')
  const insert = database.prepare('INSERT INTO events (seq, container_id, body) VALUES (?, ?, ?)')
  const body = {
    type: 'signal',
    at: new Date(0).toISOString(),
    containerId: 'gone',
    name: 'gone',
    generation: 1,
  }
  for (let seq = 1; seq <= count; seq += 1)
    insert.run(seq, 'gone', JSON.stringify({ ...body, signal: 'SIGTERM' }))
  database.exec('COMMIT')
  database.close()
}

const restOf = <T>(iterator: AsyncIterator<T>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => iterator,
})
