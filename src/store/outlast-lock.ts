import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../errors.ts'

/** Longer than any backup or look with sqlite3 holds the database. */
const PATIENCE_MS = 2_000
/** The process has other things to do in between. */
const PAUSE_MS = 80

/**
 * Does what another process keeps from being done by its lock again, until that is gone or the time is up. The first
 * attempt is made at once.
 *
 * @throws StoreError `locked` when the time is up; any other error as it comes
 */
export async function outlastLock<T>(work: () => T): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      const isLocked = error instanceof StoreError && error.failure === 'locked'
      if (!isLocked || performance.now() >= until) throw error
    }
    await delay(PAUSE_MS)
  }
}
