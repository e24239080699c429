import { LastTold } from './last-told.ts'
import { outlastLock } from './outlast-lock.ts'
import { Store } from './store.ts'

/** Where a store is, and which boot it is opened in. */
export interface StoreOptions {
  path: string
  /** Of {@link LastTold}. */
  lastToldPaths: readonly string[]
  bootId: string
  /** Where what was told cannot be kept. */
  onTrouble: (error: unknown) => void
  /** Of {@link StoreBearings}. */
  onRestart?: (() => void) | undefined
}

/** Opens a store, or makes it. Waits a while where another process holds it. Throws StoreError. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { path, lastToldPaths, bootId, onTrouble, onRestart } = options
  const told = new LastTold(lastToldPaths, onTrouble)
  try {
    return await outlastLock(() => new Store(path, bootId, { told, onRestart }))
  } catch (error) {
    told.close()
    throw error
  }
}
