import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { StoredEventStream } from '../../../src/store/event-stream.ts'
import type { Commit } from '../../../src/store/records.ts'
import { Store } from '../../../src/store/store.ts'
import type { EngineEvent } from '../../../src/types.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { introduction, transition } from '../commits.ts'

/** A store, and the stream over it, without an engine: a test commits what it likes. */
export interface EventLab {
  store: Store
  events: StoredEventStream
  /** What consumers have thrown. */
  thrown: unknown[]
  /** Commits, and tells, as the engine does. */
  commit(...commits: Commit[]): void
  /** So many events, each of a container of its own. */
  happen(count: number): void
  /** Gives up the oldest. */
  drop(count: number): void
  /** Closes the store and opens it again, with a new stream. */
  reopen(): void
}

export async function eventLab(): Promise<EventLab> {
  const directory = await temporaryDirectory()
  const thrown: unknown[] = []
  const path = join(directory.path, 'store.db')
  const open = () => {
    const store = new Store(path, 'boot')
    return { store, events: new StoredEventStream(store, (error) => thrown.push(error)) }
  }
  let made = 0
  const close = () => {
    lab.events.end()
    lab.store.close()
  }
  const lab: EventLab = {
    ...open(),
    thrown,
    commit(...commits) {
      for (const event of lab.store.commit(commits)) if (event !== undefined) lab.events.tell(event)
    },
    happen(count) {
      lab.commit(...Array.from({ length: count }, (_, index) => introduction(`c${made + index}`)))
      made += count
    },
    drop(count) {
      for (let left = count; left > 0; left -= 500) {
        lab.store.pruneEvents({ surplus: Math.min(left, 500), before: '', limit: 500 })
      }
    },
    reopen() {
      close()
      Object.assign(lab, open())
    },
  }
  onTestFinished(async () => {
    close()
    await directory[Symbol.asyncDispose]()
  })
  return lab
}

/** The first commit of a container with that name and labels. */
export const labelled = (id: string, labels: Record<string, string>): Commit => {
  const first = introduction(id)
  if (first.row === undefined) throw new Error('an introduction has a row')
  return { ...first, row: { ...first.row, settings: { ...first.row.settings, labels } } }
}

/** The last one. */
export const removal = (id: string): Commit => transition(id, 'removing', 'removed')

/** Events as a reader gets them, one after the other. */
export interface Reader {
  next(): Promise<EngineEvent>
  take(count: number): Promise<EngineEvent[]>
  leave(): Promise<void>
}

export function readerOf(source: AsyncIterable<EngineEvent>): Reader {
  const iterator = source[Symbol.asyncIterator]()
  const next = async (): Promise<EngineEvent> => {
    const step = await iterator.next()
    if (step.done === true) throw new Error('the stream has ended')
    return step.value
  }
  return {
    next,
    async take(count) {
      const taken: EngineEvent[] = []
      while (taken.length < count) taken.push(await next())
      return taken
    },
    async leave() {
      await iterator.return?.()
    },
  }
}

export const numbers = (list: readonly EngineEvent[]): number[] => list.map(({ seq }) => seq)

/** From one number to another, both included. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
