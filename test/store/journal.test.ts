import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import { Journal } from '../../src/store/journal.ts'
import type { Commit } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { row, transition } from './commits.ts'

/** A disk that can be full; what the journal sees of a store is its `commit`. */
class Disk {
  full = false
  readonly written: Commit[][] = []

  get store(): Store {
    return { commit: (commits: Commit[]) => this.#commit(commits) } as unknown as Store
  }

  #commit(commits: Commit[]): undefined[] {
    if (this.full) throw new StoreError('disk full')
    this.written.push([...commits])
    return commits.map(() => undefined)
  }
}

function journalOn(disk: Disk) {
  const troubles: StoreError[] = []
  const told: string[] = []
  const journal = new Journal(disk.store, (error) => troubles.push(error))
  const append = (id: string): void =>
    journal.append({ commit: { row: row(id) }, told: () => told.push(`${id} after ${disk.written.length}`) })
  return { journal, troubles, told, append }
}

describe('the journal', () => {
  test('tells nobody before it is on disk', async () => {
    const disk = new Disk()
    const { journal, told, append } = journalOn(disk)
    append('a')
    expect(told).toEqual([])
    await journal.committed()
    expect(told).toEqual(['a after 1'])
  })

  test('writes what comes in one turn in one transaction, in order', async () => {
    const disk = new Disk()
    const { journal, append } = journalOn(disk)
    append('a')
    append('b')
    await journal.committed()
    expect(disk.written.map((commits) => commits.map(({ row }) => row?.id))).toEqual([['a', 'b']])
  })

  test('on a full disk refuses whoever waits, tells nothing, and loses nothing', async () => {
    const disk = new Disk()
    const { journal, troubles, told, append } = journalOn(disk)
    disk.full = true
    append('a')
    await expect(journal.committed()).rejects.toThrow(StoreError)
    expect(told).toEqual([])
    expect(troubles).toHaveLength(1)

    disk.full = false
    append('b')
    await journal.committed()
    expect(told).toEqual(['a after 1', 'b after 1'])
  })

  test('a transition written while another is told is told after it', async () => {
    const disk = new Disk()
    const { journal, told, append } = journalOn(disk)
    journal.append({ commit: transition('a', 'created', 'starting'), told: () => append('b') })
    await journal.committed()
    await journal.committed()
    expect(told).toEqual(['b after 2'])
  })
})
