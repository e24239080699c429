import type { ContainerState, EngineEvent, StateEvent } from '../types.ts'

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

type ContainerEvent = Extract<EngineEvent, { containerId: string }>

/** Sorts events, which are in the order of their numbers, by container. What happened to none is left out. */
export function historyOf(told: readonly EngineEvent[]): History {
  const events = told.filter((event) => event.containerId !== null)
  const times = events.map(({ at }) => Date.parse(at))
  const from = times.reduce((one, other) => Math.min(one, other), times[0] ?? 0)
  const to = times.reduce((one, other) => Math.max(one, other), 0)
  const byContainer = Map.groupBy(events, ({ containerId }) => containerId)
  const lanes = [...byContainer].map(([id, own]) => ({
    id,
    name: own.at(-1)?.name ?? id,
    spans: spansOf(own, from, to),
    marks: marksOf(own),
  }))
  return { from, to, lanes }
}

function spansOf(events: ContainerEvent[], begin: number, end: number): Span[] {
  const changes = events.filter((event) => event.type === 'state')
  const spans = changes.flatMap(({ to: state, generation, at }, index): Span[] => {
    // There is nothing of it any more.
    if (state === 'removed') return []
    const from = Date.parse(at)
    const next = changes[index + 1]
    // A clock that was set back does not make it negative.
    const to = Math.max(from, next === undefined ? end : Date.parse(next.at))
    return [{ state, generation, from, to, isOpen: next === undefined }]
  })
  return [...spanBefore(changes[0], begin), ...spans]
}

/** Where the first event told is not the container's first, it was in some state before. */
function spanBefore(first: StateEvent | undefined, begin: number): Span[] {
  if (first === undefined || first.from === null) return []
  const beginsRun = first.to === 'creating' || first.to === 'restoring'
  const generation = beginsRun ? first.generation - 1 : first.generation
  return [{ state: first.from, generation, from: begin, to: Date.parse(first.at), isOpen: false }]
}

/** An exit code, and an error, is in every event until there is another: only the first tells of it. */
function marksOf(events: ContainerEvent[]): Mark[] {
  let exited: number | undefined
  let failed: string | undefined
  return events.flatMap((event): Mark[] => {
    const at = Date.parse(event.at)
    if (event.type === 'monitor.lost') return [{ kind: 'fault', at, text: 'conmon was lost' }]
    if (event.type !== 'state') return []
    const { exitCode, error, generation } = event
    const message = error === undefined ? undefined : `${error.code}: ${error.message}`
    const texts = [
      ...(exitCode === undefined || generation === exited ? [] : [exitInWords(exitCode)]),
      ...(message === undefined || message === failed ? [] : [message]),
    ]
    if (exitCode !== undefined) exited = generation
    failed = message
    if (texts.length === 0) return []
    return [{ kind: exitCode === 0 && message === undefined ? 'exit' : 'fault', at, text: texts.join('; ') }]
  })
}

function exitInWords(code: number): string {
  return code < 0 ? 'ended without an exit code' : `exit code ${code}`
}
