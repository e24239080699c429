import type { FollowLine } from '../../../api/wire.ts'
import { type ContainerEvent, GrowingLane } from '../../../timeline/lane.ts'
import type { ContainerInfo, ContainerState, EngineEvent, StateEvent } from '../../../types.ts'

/** Events that are kept for the timeline. */
const MOST_EVENTS = 200_000

/** Transitions that are told in words. */
const MOST_RECENT = 20

/** What is remembered of one container, which may be gone by now. */
export interface Trace {
  readonly id: string
  name: string
  events: ContainerEvent[]
  lane: GrowingLane
}

/**
 * What the page knows: the containers as they are, and what happened to them. It is given the lines of `/v1/follow`, in
 * whatever connections they come, and takes each event once.
 */
export class Fleet {
  readonly containers = new Map<string, ContainerInfo>()
  readonly counts = new Map<ContainerState, number>()
  /** In the order in which the containers came. */
  readonly traces = new Map<string, Trace>()
  /** The last transitions, the newest last. */
  readonly recent: StateEvent[] = []
  /** The number of the newest event that was taken. */
  seq: number
  /** How many events were taken. */
  taken = 0
  /** Up to which number events are missing, since the owner has given them up; 0 where none are. */
  missing = 0
  /** When the newest event happened; milliseconds since 1970, 0 before the first. */
  lastAt = 0
  /** When the oldest event that is known of happened. */
  firstAt = Number.POSITIVE_INFINITY
  /** Another one after each change of which containers there are, or what is in a row. */
  version = 0
  #kept = 0

  /** Events after `seq` are going to come. */
  constructor(seq = 0) {
    this.seq = seq
  }

  take(line: FollowLine): void {
    if ('snapshot' in line) this.#takeSnapshot(line.snapshot.containers)
    else this.#takeEvent(line.event, line.container)
    this.version += 1
  }

  /** Adds what happened to a container before anything that is known of it. */
  prepend(id: string, past: readonly EngineEvent[]): void {
    const trace = this.traces.get(id)
    const first = trace?.events[0]?.seq ?? this.seq + 1
    const earlier = past.filter((event) => event.containerId === id && event.seq < first) as ContainerEvent[]
    if (earlier.length === 0) return
    const events = [...earlier, ...(trace?.events ?? [])]
    this.#kept += earlier.length
    this.traces.set(id, traceOf(id, events))
    this.version += 1
  }

  #takeSnapshot(containers: readonly ContainerInfo[]): void {
    this.containers.clear()
    this.counts.clear()
    for (const container of containers) this.#put(container)
  }

  #takeEvent(event: EngineEvent, container: ContainerInfo | null): void {
    if (event.seq <= this.seq) return
    this.seq = event.seq
    if (event.type === 'dropped') this.missing = event.to
    else this.taken += 1
    this.lastAt = Math.max(this.lastAt, Date.parse(event.at))
    this.firstAt = Math.min(this.firstAt, Date.parse(event.at))
    if (event.containerId === null) return
    this.#remember(event)
    if (event.type === 'state') this.recent.push(event)
    if (this.recent.length > MOST_RECENT) this.recent.shift()
    // One that is about to go may still be there as it is told.
    if (container === null || container.state === 'removed') this.#drop(event.containerId)
    else this.#put(container)
  }

  #put(container: ContainerInfo): void {
    this.#count(this.containers.get(container.id)?.state, -1)
    this.#count(container.state, 1)
    this.containers.set(container.id, container)
  }

  #drop(id: string): void {
    this.#count(this.containers.get(id)?.state, -1)
    this.containers.delete(id)
  }

  #count(state: ContainerState | undefined, by: number): void {
    if (state !== undefined) this.counts.set(state, (this.counts.get(state) ?? 0) + by)
  }

  #remember(event: ContainerEvent): void {
    const { containerId: id, name } = event
    let trace = this.traces.get(id)
    if (trace === undefined) {
      trace = { id, name, events: [], lane: new GrowingLane(this.firstAt) }
      this.traces.set(id, trace)
    }
    trace.name = name
    trace.events.push(event)
    trace.lane.add(event)
    this.#kept += 1
    if (this.#kept > MOST_EVENTS) this.#forget()
  }

  /** Each container's older half goes, and whoever is gone without more. */
  #forget(): void {
    this.#kept = 0
    for (const [id, { events }] of this.traces) {
      const kept = events.slice(Math.ceil(events.length / 2))
      if (kept.length === 0 && !this.containers.has(id)) this.traces.delete(id)
      else this.traces.set(id, traceOf(id, kept.length === 0 ? events : kept))
      this.#kept += kept.length
    }
  }
}

function traceOf(id: string, events: ContainerEvent[]): Trace {
  const lane = new GrowingLane(Date.parse(events[0]?.at ?? ''))
  for (const event of events) lane.add(event)
  return { id, name: events.at(-1)?.name ?? id, events, lane }
}
