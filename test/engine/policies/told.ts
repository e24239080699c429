import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { readBootId } from '../../../effects/process/identity.ts'
import type { Container, Engine, EngineEvent } from '../../../src/index.ts'
import type { TestPlace } from '../../fixtures/engine.ts'

/** Waits so short that a test need not wait; chance has no part in them. */
export const FAST = { initial: 0.02, factor: 1, jitter: 0, resetAfter: 600 }
/** A wait that nobody sees the end of. */
export const LONG = { initial: 100_000, cap: 100_000 }

/** Asks until it is so, as long as a busy machine may take. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 40_000, interval: 20 })
}

/** What a container's events say, a word or two each, in their order. */
export const told = (engine: Engine, { id }: { id: string }): string[] =>
  [...engine.events.past(0)].filter(({ containerId }) => containerId === id).map(inWords)

function inWords(event: EngineEvent): string {
  switch (event.type) {
    case 'state':
      return event.to
    case 'restart.scheduled':
      return `scheduled ${event.attempt}`
    case 'restart.given-up':
      return `given up after ${event.restarts}`
    case 'health':
      return `health ${event.status}`
    default:
      return event.type
  }
}

/** How often something was told. */
export const times = (engine: Engine, container: { id: string }, what: string): number =>
  told(engine, container).filter((word) => word === what).length

/** Where its restart policy is. */
export const policyState = (container: Container): string | undefined => container.inspect().restart?.state

/** Makes the root of an engine that is closed one of a machine that has been restarted since. */
export function restartMachine({ root }: TestPlace): void {
  const store = new DatabaseSync(`${root}/store.db`)
  try {
    store.prepare('UPDATE containers SET facts = replace(facts, ?, ?)').run(readBootId(), 'another boot')
    store.exec("UPDATE meta SET value = 'another boot' WHERE key = 'boot_id'")
  } finally {
    store.close()
  }
}
