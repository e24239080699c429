import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { StoreError } from '../../src/errors.ts'
import { Journal, type JournalEntry } from '../../src/store/journal.ts'
import type { Commit } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { row, transition } from './commits.ts'

/** A disk that can be full; what the journal sees of a store is its `commit`. */
class Disk {
  full = false
  locked = 0
  readonly written: Commit[][] = []

  get store(): Store {
    return { commit: (commits: Commit[]) => this.#commit(commits) } as unknown as Store
  }

  #commit(commits: Commit[]): undefined[] {
    if (this.full) throw new StoreError('disk full', 'full')
    if (this.locked > 0) {
      this.locked -= 1
      throw new StoreError('locked', 'locked')
    }
    this.written.push([...commits])
    return commits.map(() => undefined)
  }
}

function journalOn(disk: Disk) {
  const troubles: StoreError[] = []
  const told: string[] = []
  const journal = new Journal(disk.store, realClock, (error) => troubles.push(error))
  const entry = (id: string): JournalEntry => ({
    commit: { row: row(id) },
    told: () => told.push(`${id} after ${disk.written.length}`),
    refused: (error) => told.push(`${id} refused: ${error.message}`),
  })
  const append = (id: string): void => journal.append(entry(id))
  return { journal, troubles, told, append, entry }
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
    expect(told.splice(0)).toEqual(['a refused: disk full'])
    expect(troubles).toHaveLength(1)
    expect(journal.isBehind).toBe(true)

    disk.full = false
    append('b')
    await journal.committed()
    expect(told).toEqual(['a after 1', 'b after 1'])
    expect(journal.isBehind).toBe(false)
  })

  test('tries again by itself; whoever waits for the disk waits that long', async () => {
    const disk = new Disk()
    const { journal, told, append } = journalOn(disk)
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    disk.full = true
    append('a')
    const durable = journal.durable()
    await expect(journal.committed()).rejects.toThrow(StoreError)
    disk.full = false
    await vi.runAllTimersAsync()
    await durable
    expect(told).toEqual(['a refused: disk full', 'a after 1'])
  })

  test('takes back what is worth nothing later', async () => {
    const disk = new Disk()
    const { journal, told, append, entry } = journalOn(disk)
    disk.full = true
    append('a')
    await expect(journal.appendNow(entry('b'))).rejects.toThrow(StoreError)
    disk.full = false
    append('c')
    await journal.committed()
    expect(told.slice(-2)).toEqual(['a after 1', 'c after 1'])
  })

  test('waits for a lock, and writes what has come meanwhile with the rest', async () => {
    const disk = new Disk()
    const { journal, troubles, told, append } = journalOn(disk)
    disk.locked = 2
    append('a')
    const committed = journal.committed()
    await Promise.resolve()
    append('b')
    await committed
    expect(told).toEqual(['a after 1', 'b after 1'])
    expect(troubles).toEqual([])
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
