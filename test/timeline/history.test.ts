import { describe, expect, it } from 'vitest'
import { historyOf, type Lane } from '../../src/timeline/history.ts'
import type { EngineEvent } from '../../src/types.ts'
import { eventsOf, START } from './events.ts'

const web = eventsOf('web')

/** Spans as `state from–to`, in seconds. */
const told = ({ spans }: Lane) =>
  spans.map(({ state, from, to }) => `${state} ${(from - START) / 1000}–${(to - START) / 1000}`)

const laneOf = (...events: EngineEvent[]): Lane => {
  const [lane] = historyOf(events).lanes
  if (lane === undefined) throw new Error('no lane')
  return lane
}

describe('a lane', () => {
  it('has a span from each state to the next, and none once the container is gone', () => {
    const lane = laneOf(
      web.state(0, null, 'configured'),
      web.state(1, 'configured', 'creating'),
      web.state(2, 'creating', 'running'),
      web.signal(4),
      web.state(5, 'running', 'removing'),
      web.state(6, 'removing', 'removed'),
      eventsOf('later').state(9, null, 'configured'),
    )
    expect(told(lane)).toEqual(['configured 0–1', 'creating 1–2', 'running 2–5', 'removing 5–6'])
  })

  it('of a container that lives on goes to the end of the history', () => {
    const lane = laneOf(web.state(0, null, 'running'), eventsOf('later').state(9, null, 'configured'))
    expect(told(lane)).toEqual(['running 0–9'])
    expect(lane.spans.map(({ isOpen }) => isOpen)).toEqual([true])
  })

  it('has one run after another, each with its number', () => {
    const lane = laneOf(
      web.state(0, 'starting', 'running', { generation: 1 }),
      web.state(3, 'running', 'exited', { generation: 1, exitCode: 1 }),
      web.state(3, 'exited', 'creating', { generation: 2 }),
      web.state(4, 'creating', 'running', { generation: 2 }),
      web.state(6, 'running', 'exited', { generation: 2, exitCode: 1 }),
    )
    expect(told(lane).slice(1)).toEqual([
      'running 0–3',
      'exited 3–3',
      'creating 3–4',
      'running 4–6',
      'exited 6–6',
    ])
    expect(lane.spans.slice(1).map(({ generation }) => generation)).toEqual([1, 1, 2, 2, 2])
    expect(lane.marks.map(({ at }) => at - START)).toEqual([3000, 6000])
  })

  it('begins with the state that the first event ends, where the history begins in the middle', () => {
    const other = eventsOf('other').state(0, null, 'configured')
    const { lanes } = historyOf([other, web.state(5, 'exited', 'creating', { generation: 3 })])
    expect(lanes[1]?.spans[0]).toMatchObject({
      state: 'exited',
      generation: 2,
      from: START,
      to: START + 5000,
    })
  })

  it('takes no time back where a clock was set back', () => {
    const lane = laneOf(web.state(5, null, 'configured'), web.state(2, 'configured', 'creating'))
    expect(told(lane)).toEqual(['configured 5–5', 'creating 2–5'])
  })
})

describe('marks', () => {
  const marksOf = (...events: EngineEvent[]) =>
    laneOf(...events).marks.map(({ kind, at, text }) => `${(at - START) / 1000} ${kind}: ${text}`)

  it('tell each exit once, though every event after it has its code', () => {
    expect(
      marksOf(
        web.state(1, 'running', 'stopped', { exitCode: 0 }),
        web.state(2, 'stopped', 'cleaning', { exitCode: 0 }),
        web.state(3, 'exited', 'creating', { generation: 2 }),
        web.state(4, 'running', 'stopped', { generation: 2, exitCode: 3 }),
        web.state(5, 'stopped', 'cleaning', { generation: 2, exitCode: 3 }),
      ),
    ).toEqual(['1 exit: exit code 0', '4 fault: exit code 3'])
  })

  it('tell the loss of conmon, and of the exit code with it', () => {
    expect(marksOf(web.lost(1), web.state(2, 'reconciling', 'stopped', { exitCode: -1 }))).toEqual([
      '1 fault: conmon was lost',
      '2 fault: ended without an exit code',
    ])
  })

  it('tell of a command that failed, until another does', () => {
    const error = { code: 'ERUNTIME', message: 'no such file' }
    expect(
      marksOf(
        web.state(1, 'creating', 'configured', { exitCode: -1, error }),
        web.state(2, 'configured', 'removing', { exitCode: -1, error }),
        web.state(3, 'removing', 'configured', { exitCode: -1, error: { ...error, message: 'busy' } }),
      ),
    ).toEqual(['1 fault: ended without an exit code; ERUNTIME: no such file', '3 fault: ERUNTIME: busy'])
  })
})

describe('a history', () => {
  it('of nothing is empty', () => {
    expect(historyOf([])).toEqual({ from: 0, to: 0, lanes: [] })
  })

  it('leaves out what happened to no container', () => {
    const engine = { containerId: null, name: null, generation: null } as const
    const at = new Date(START).toISOString()
    expect(historyOf([{ version: 1, seq: 1, at, ...engine, type: 'watch.restored' }]).lanes).toEqual([])
  })

  it('has a lane for each container, in the order in which they came, by the name that it has now', () => {
    const renamed = { ...web.state(3, 'configured', 'creating'), name: 'web-2' } as EngineEvent
    const history = historyOf([
      web.state(1, null, 'configured'),
      eventsOf('db').state(2, null, 'configured'),
      renamed,
    ])
    expect(history).toMatchObject({ from: START + 1000, to: START + 3000 })
    expect(history.lanes.map(({ name }) => name)).toEqual(['web-2', 'db'])
  })
})
