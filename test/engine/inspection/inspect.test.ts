import { pino } from 'pino'
import { expect, test } from 'vitest'
import { inspection } from '../../../src/engine/work/inspection.ts'
import type { InspectionEvent } from '../../../src/index.ts'
import { simulated, started, statesOf } from '../../testing/simulated.ts'

/** A logger, and what it has said. */
function listeningLogger() {
  const lines: { level: number; msg: string; missed?: number }[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { logger, lines }
}

test('an inspector is told of every actor, event and state of a run, in order', async () => {
  const told: InspectionEvent[] = []
  const { engine } = await simulated({ inspect: (event) => void told.push(event) })
  const web = await started(engine, { name: 'web' })
  await web.exec(['true']).catch(() => {})
  await web.stop()
  const states = (): unknown[] =>
    told
      .filter((event) => isOf(event, web.id) && event.type === '@xstate.snapshot')
      .map((event) => (event as unknown as { snapshot: { value: unknown } }).snapshot.value)
  await expect.poll(() => states().at(-1)).toBe('exited')
  expect(states()).toEqual(expect.arrayContaining(['creating', 'created', 'starting', 'running']))
  expect(new Set(told.map(({ type }) => type))).toEqual(
    new Set([
      ...['@xstate.actor', '@xstate.event', '@xstate.snapshot', '@xstate.microstep', '@xstate.action'],
    ]),
  )
})

/** Whether it is of the chart of that container, and not of an effect's actor. */
function isOf(event: InspectionEvent, id: string): boolean {
  const { actorRef } = event as unknown as {
    actorRef: { _parent?: unknown; getSnapshot(): { context?: { id?: string } } }
  }
  return actorRef._parent === undefined && actorRef.getSnapshot().context?.id === id
}

test('it is told later: never within a transition', async () => {
  const stacks: (string | undefined)[] = []
  const { engine } = await simulated({ inspect: { next: () => void stacks.push(new Error().stack) } })
  await started(engine)
  await expect.poll(() => stacks.length).toBeGreaterThan(0)
  expect(stacks.filter((stack) => stack?.includes('xstate'))).toEqual([])
})

test.each([
  [
    'throws',
    () => {
      throw new Error('broken inspector')
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken inspector'))],
])('one that %s is logged once, and hears on; containers live as without it', async (_, fail) => {
  const { logger, lines } = listeningLogger()
  let heard = 0
  const next = (): unknown => {
    heard += 1
    return fail()
  }
  const { engine } = await simulated({ inspect: { next }, logger })
  const web = await started(engine)
  const before = heard
  await web.stop()
  await expect.poll(() => heard).toBeGreaterThan(before + 5)
  expect(statesOf(engine.events.past(0), web)).toEqual([
    ...[
      'configured',
      'creating',
      'created',
      'starting',
      'running',
      'stopping',
      'stopped',
      'cleaning',
      'exited',
    ],
  ])
  expect(lines.filter(({ msg }) => msg === 'an inspector threw')).toHaveLength(1)
})

test('one that stalls keeps no container up', async () => {
  let heard = 0
  const next = (): Promise<never> => {
    heard += 1
    return new Promise(() => {})
  }
  const { engine } = await simulated({ inspect: { next } })
  const web = await started(engine)
  await expect.poll(() => heard).toBe(1)
  await web.stop()
  await web.start()
  expect(web.state).toBe('running')
  expect(heard).toBe(1)
})

test('what there is no room for is missed: said once, and counted', async () => {
  const { logger, lines } = listeningLogger()
  const stall = Promise.withResolvers<void>()
  const heard: string[] = []
  const inspect = inspection((event) => {
    heard.push(event.type)
    return stall.promise
  }, logger)
  for (let count = 0; count < 10_007; count += 1) inspect({ type: `event ${count}` })
  stall.resolve()
  await expect
    .poll(() => lines.map(({ msg }) => msg))
    .toEqual(['an inspector does not keep up, and misses events', 'an inspector has missed events'])
  expect(lines[1]?.missed).toBe(7)
  expect(heard.slice(-2)).toEqual(['event 9998', 'event 9999'])
})

test('a slow one waits four times as long as it took before it is told more', async () => {
  const calls: { from: number; to: number }[] = []
  const inspect = (): void => {
    const from = performance.now()
    while (performance.now() - from < 10);
    calls.push({ from, to: performance.now() })
  }
  const { engine } = await simulated({ inspect })
  await started(engine)
  await expect.poll(() => calls.length).toBeGreaterThan(4)
  for (const [index, { from, to }] of calls.slice(0, -1).entries()) {
    // A timer may be a millisecond early.
    expect((calls[index + 1]?.from ?? 0) - to).toBeGreaterThan((to - from) * 4 - 2)
  }
})
