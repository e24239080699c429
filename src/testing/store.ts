import { failedStore } from '../store/failure.ts'
import type { Commit } from '../store/records.ts'
import { Store } from '../store/store.ts'
import type { EngineEvent } from '../types.ts'
import type { Faults } from './faults.ts'

/** A store whose disk is as full as a test wants it to be. */
export class FillableStore extends Store {
  readonly #faults: Faults

  constructor(path: string, bootId: string, faults: Faults) {
    super(path, bootId)
    this.#faults = faults
  }

  override commit(commits: readonly Commit[]): (EngineEvent | undefined)[] {
    if (this.#faults.isStoreFull)
      throw failedStore('full', 'cannot write the store: its disk is full (simulated)')
    return super.commit(commits)
  }
}
