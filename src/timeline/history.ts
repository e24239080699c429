import type { ContainerState } from '../container-states.ts'
import type { EngineEvent } from '../types.ts'
import { GrowingLane } from './lane.ts'

/** A time in which a container was in one state. */
export interface Span {
  state: ContainerState
  generation: number
  /** Milliseconds since 1970. */
  from: number
  to: number
  /** Nothing has ended it yet: `to` is where the history ends. */
  isOpen: boolean
}

/**
 * Something that happened at one moment.
 * - `exit`: a run ended with exit code 0
 * - `fault`: a run ended otherwise, a command failed, or conmon was lost
 */
export interface Mark {
  kind: 'exit' | 'fault'
  /** Milliseconds since 1970. */
  at: number
  text: string
}

/** What one container did. */
export interface Lane {
  id: string
  name: string
  spans: Span[]
  marks: Mark[]
}

/** What happened from the first event to the last. */
export interface History {
  /** Milliseconds since 1970; both are 0 where nothing happened. */
  from: number
  to: number
  /** In the order in which the containers came. */
  lanes: Lane[]
}

/** Sorts events, which are in the order of their numbers, by container. What happened to none is left out. */
export function historyOf(told: readonly EngineEvent[]): History {
  const events = told.filter((event) => event.containerId !== null)
  const times = events.map(({ at }) => Date.parse(at))
  const from = times.reduce((one, other) => Math.min(one, other), times[0] ?? 0)
  const to = times.reduce((one, other) => Math.max(one, other), 0)
  const byContainer = Map.groupBy(events, ({ containerId }) => containerId)
  const lanes = [...byContainer].map(([id, own]) => {
    const lane = new GrowingLane(from)
    for (const event of own) lane.add(event)
    return { id, name: own.at(-1)?.name ?? id, spans: endedAt(lane.spans, to), marks: lane.marks }
  })
  return { from, to, lanes }
}

/** What is open lasts until then. A clock that was set back does not make it negative. */
function endedAt(spans: readonly Span[], end: number): Span[] {
  return spans.map((span) => (span.isOpen ? { ...span, to: Math.max(span.from, end) } : span))
}
