import { expect, test } from 'vitest'
import type { FollowLine } from '../../src/api/wire.ts'
import type { ContainerInfo, EngineEvent } from '../../src/index.ts'
import { Fleet } from '../../src/inspector/page/model/fleet.ts'
import { openSimulatedEngine } from '../../src/testing/index.ts'

/** A few lives of containers in a simulated engine, as `/v1/follow` would tell them to one who follows from the start. */
async function lives() {
  await using world = await openSimulatedEngine()
  const { engine } = world
  const lines: FollowLine[] = [{ snapshot: engine.snapshot() }]
  engine.events.subscribe((event) => {
    const container = engine.snapshot().containers.find(({ id }) => id === event.containerId) ?? null
    lines.push({ event, container })
  })
  const web = await engine.create({ rootfs: '/any', command: ['sleep'], name: 'web' })
  await web.start()
  const job = await engine.create({ rootfs: '/any', command: ['sleep'], name: 'job' })
  await job.start()
  world.exit('job', { code: 3 })
  await world.clock.settle()
  const gone = await engine.create({ rootfs: '/any', command: ['sleep'], name: 'gone' })
  await gone.remove()
  return {
    lines,
    events: [...engine.events.past(0)],
    snapshot: engine.snapshot(),
    web: web.id,
    job: job.id,
    gone: gone.id,
  }
}

const taking = (lines: readonly FollowLine[], seq = 0): Fleet => {
  const fleet = new Fleet(seq)
  for (const line of lines) fleet.take(line)
  return fleet
}

test('containers are as the last line has them, and counted by their states', async () => {
  const { lines, snapshot, events } = await lives()
  const fleet = taking(lines)
  expect([...fleet.containers.values()]).toEqual(snapshot.containers)
  expect(fleet.counts.get('running')).toBe(1)
  expect(fleet.counts.get('exited')).toBe(1)
  expect([...fleet.counts.values()].reduce((one, other) => one + other)).toBe(2)
  expect({ seq: fleet.seq, taken: fleet.taken }).toEqual({ seq: snapshot.seq, taken: events.length })
})

test('an event that comes again, over another connection, is taken once', async () => {
  const { lines, snapshot, events, web } = await lives()
  const fleet = taking([...lines, { snapshot }, ...lines.slice(3)])
  expect(fleet.taken).toBe(events.length)
  expect(fleet.traces.get(web)?.events.map(({ seq }) => seq)).toEqual(seqsOf(events, web))
  expect(fleet.counts.get('running')).toBe(1)
})

test('one that is gone is no longer counted, and its lane ends', async () => {
  const { lines, gone } = await lives()
  const fleet = taking(lines)
  expect(fleet.containers.has(gone)).toBe(false)
  expect(fleet.traces.get(gone)?.lane.spans.map(({ isOpen }) => isOpen)).not.toContain(true)
})

test('a lane has the spans and marks of the timeline', async () => {
  const { lines, web, job } = await lives()
  const fleet = taking(lines)
  const states = fleet.traces.get(web)?.lane.spans.map(({ state }) => state)
  expect(states).toEqual(['configured', 'creating', 'created', 'starting', 'running'])
  expect(fleet.traces.get(job)?.lane.marks).toMatchObject([{ kind: 'fault', text: 'exit code 3' }])
})

test('what happened before is put before what is known, without a gap or a repeat', async () => {
  const { lines, events, web } = await lives()
  const late = taking([lines[0] as FollowLine, ...lines.slice(4)], 3)
  late.prepend(web, events)
  expect(late.traces.get(web)?.events.map(({ seq }) => seq)).toEqual(seqsOf(events, web))
  late.prepend(web, events)
  expect(late.traces.get(web)?.lane.spans).toHaveLength(5)
})

test('what the owner has given up is no event, and said', () => {
  const fleet = taking([dropped(7)])
  expect({ seq: fleet.seq, taken: fleet.taken, missing: fleet.missing }).toEqual({
    seq: 7,
    taken: 0,
    missing: 7,
  })
})

test('of very many events the older ones are forgotten, the state of none', () => {
  const fleet = new Fleet()
  for (let seq = 1; seq <= 200_001; seq += 1) fleet.take(running(seq, `${seq % 100}`))
  const kept = [...fleet.traces.values()].map(({ events }) => events.length)
  expect(kept.reduce((one, other) => one + other)).toBeLessThan(110_000)
  expect(fleet.traces.size).toBe(100)
  expect(fleet.containers.size).toBe(100)
})

const seqsOf = (events: readonly EngineEvent[], id: string) =>
  events.filter(({ containerId }) => containerId === id).map(({ seq }) => seq)

const base = { version: 1, at: '2026-01-01T00:00:00.000Z' } as const

const dropped = (seq: number): FollowLine => ({
  container: null,
  event: {
    ...{ ...base, seq, type: 'dropped', containerId: null, name: null, generation: null },
    ...{ from: 1, to: seq, resumeFrom: seq },
  },
})

const running = (seq: number, id: string): FollowLine => ({
  container: { id, name: id, state: 'running' } as ContainerInfo,
  event: {
    ...base,
    seq,
    type: 'state',
    containerId: id,
    name: id,
    generation: 1,
    from: 'starting',
    to: 'running',
  },
})
