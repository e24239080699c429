import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { Observable, type Subscriber } from 'rxjs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ExitSighting } from '../../../effects/exits/watcher.ts'
import { ExitWatch, type ExitWatchBearings, type WatchReport } from '../../../src/engine/exits/watch.ts'
import { RunchartError } from '../../../src/errors.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

let dir: string
beforeEach(async () => {
  const directory = await temporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  dir = join(directory.path, 'exits')
  mkdirSync(dir, { mode: 0o750 })
})

const inTrouble = (message: string, cause?: unknown): RunchartError =>
  new RunchartError('EWATCH', message, { cause })

/** What the system throws. */
const systemError = (code: string): Error => Object.assign(new Error(code), { code, errno: -1 })

/**
 * A watch over a real directory, told by hand what chokidar would tell: `subscribers` are those of each attempt, oldest
 * first.
 */
function watched(bearings: Partial<ExitWatchBearings> = {}, ours: string[] = []) {
  const subscribers: Subscriber<ExitSighting>[] = []
  const reports: WatchReport[] = []
  const looks: string[] = []
  const logged: Record<string, unknown>[] = []
  const sightings = new Observable<ExitSighting>((subscriber) => {
    subscribers.push(subscriber)
  })
  const watched: ExitWatchBearings = {
    dir,
    expected: () => ours,
    isExpected: (id) => ours.includes(id),
    look: (id) => looks.push(id),
    mend: () => {},
    report: (report) => reports.push(report),
    wasDegraded: false,
    logger: pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) }),
    ...bearings,
  }
  const watch = new ExitWatch(watched, sightings)
  onTestFinished(() => watch.close())
  watch.open()
  /** The subscriber of the nth attempt, once that is made. */
  const attempt = async (number: number): Promise<Subscriber<ExitSighting>> => {
    await expect.poll(() => subscribers.length).toBeGreaterThanOrEqual(number)
    return subscribers[number - 1] as Subscriber<ExitSighting>
  }
  /** Arms the nth attempt, and waits until it is. */
  const arm = async (number: number): Promise<Subscriber<ExitSighting>> => {
    const subscriber = await attempt(number)
    subscriber.next({ type: 'ready' })
    await new Promise(setImmediate)
    return subscriber
  }
  const types = (): string[] => reports.map(({ type }) => type)
  return { watch, subscribers, reports, types, looks, logged, attempt, arm }
}

describe('what is told of the watch', () => {
  test('is nothing while it is good', async () => {
    const { arm, reports } = watched()
    await arm(1)
    expect(reports).toEqual([])
  })

  test('is a trouble, with its reason, and its end', async () => {
    const { arm, reports } = watched()
    const first = await arm(1)
    first.error(new RunchartError('EWATCH', 'it is gone', { hint: 'look for it' }))
    await arm(2)
    expect(reports).toEqual([
      { type: 'watch.degraded', reason: 'it is gone', hint: 'look for it' },
      { type: 'watch.restored' },
    ])
  })

  test('is each condition once, however often it is tried again', async () => {
    const { attempt, arm, reports } = watched()
    for (const [number, message] of [
      [1, 'there is no room for a'],
      [2, 'there is no room for b'],
    ] as const) {
      const subscriber = await attempt(number)
      subscriber.error(inTrouble(message, systemError('ENOSPC')))
    }
    const third = await attempt(3)
    third.error(inTrouble('another'))
    const fourth = await attempt(4)
    fourth.error(inTrouble('another'))
    await arm(5)
    expect(reports.map((report) => ('reason' in report ? report.reason : report.type))).toEqual([
      'there is no room for a',
      'another',
      'watch.restored',
    ])
  })

  test('is that it is good again, also where an earlier engine left it in trouble', async () => {
    const { arm, types } = watched({ wasDegraded: true })
    await arm(1)
    expect(types()).toEqual(['watch.restored'])
  })

  test('is not that it is good again, where trouble came while the directory was swept', async () => {
    const { attempt, arm, types } = watched()
    const first = await attempt(1)
    for (let index = 0; index < 300; index += 1) writeFileSync(join(dir, `stranger-${index}`), '0')
    first.next({ type: 'ready' })
    first.error(inTrouble('it is gone'))
    const second = await attempt(2)
    expect(readdirSync(dir)).toEqual([])
    expect(types()).toEqual(['watch.degraded'])
    second.error(inTrouble('it is gone'))
    await arm(3)
    expect(types()).toEqual(['watch.degraded', 'watch.restored'])
  })

  test('is nothing any more once it is closed', async () => {
    const { watch, arm, reports, subscribers } = watched()
    const first = await arm(1)
    watch.close()
    first.error(inTrouble('too late'))
    await new Promise(setImmediate)
    expect(reports).toEqual([])
    expect(subscribers).toHaveLength(1)
    await expect.poll(() => first.closed).toBe(true)
  })
})

describe('exits', () => {
  const OURS = ['ours-1', 'ours-2', 'ours-3']

  test('are looked for when a file is seen, and of all before and after the watch stands', async () => {
    const { attempt, arm, looks } = watched({}, OURS)
    const first = await attempt(1)
    expect(looks).toEqual(OURS)
    first.next({ type: 'exit', id: 'ours-2' })
    expect(looks.slice(3)).toEqual(['ours-2'])
    await arm(1)
    expect(looks.slice(4)).toEqual(OURS)
  })

  test('are looked for with each attempt, where there can be no watch at all', async () => {
    const { attempt, looks } = watched({}, OURS)
    for (const number of [1, 2, 3]) {
      const subscriber = await attempt(number)
      expect(looks).toHaveLength(number * OURS.length)
      subscriber.error(inTrouble('no watch'))
    }
  })

  test('that cannot be read keep no other from being read, and are read again', async () => {
    const read: string[] = []
    let isFull = true
    const look = (id: string): void => {
      if (id === 'ours-2' && isFull) throw systemError('EMFILE')
      read.push(id)
    }
    const { arm, reports } = watched({ look }, OURS)
    await expect.poll(() => reports).toHaveLength(1)
    expect(reports[0]).toMatchObject({
      reason: expect.stringContaining('cannot be read: EMFILE'),
      hint: 'raise the limit of open files',
    })
    expect(read.slice(0, 2)).toEqual(['ours-1', 'ours-3'])
    isFull = false
    await arm(1)
    expect(read).toContain('ours-2')
    expect(reports.at(-1)).toEqual({ type: 'watch.restored' })
  })

  test('are looked for before anything that is nobody’s', async () => {
    for (const name of ['a', 'z']) writeFileSync(join(dir, name), '0')
    const there: number[] = []
    const { attempt } = watched({ look: () => there.push(readdirSync(dir).length) }, OURS)
    await attempt(1)
    expect(there).toEqual([2, 2, 2])
  })
})

describe('files of no run', () => {
  test('are taken away in slices between which others have their turn, and told of in one line', async () => {
    const count = 1_000
    for (let index = 0; index < count; index += 1) writeFileSync(join(dir, `stranger-${index}`), '0')
    const { attempt, logged } = watched()
    const left: number[] = []
    const look = (): void => {
      left.push(readdirSync(dir).length)
      if (left.at(-1) !== 0) setImmediate(look)
    }
    look()
    await attempt(1)
    // Never more than a fifth of them in one turn.
    const turns = left.slice(1).map((files, index) => (left[index] ?? 0) - files)
    expect(Math.max(...turns)).toBeLessThanOrEqual(count / 5)
    expect(readdirSync(dir)).toEqual([])
    expect(logged).toMatchObject([{ count, msg: 'exit files of no run were removed' }])
  })

  test('stay where they have become a container’s meanwhile', async () => {
    writeFileSync(join(dir, 'late'), '0')
    let isOurs = false
    const { attempt } = watched({ isExpected: () => isOurs })
    isOurs = true
    await attempt(1)
    expect(readdirSync(dir)).toEqual(['late'])
  })

  test('that conmon had not given their names yet go too, but for those of live containers', async () => {
    for (const name of ['ours-1.Ab12cd', 'gone.Ab12cd']) writeFileSync(join(dir, name), '0')
    const { attempt } = watched({}, ['ours-1'])
    await attempt(1)
    expect(readdirSync(dir)).toEqual(['ours-1.Ab12cd'])
  })
})

describe('a doubt of another witness', () => {
  test('that an exit was written and not seen makes the watch anew', async () => {
    const { watch, arm, reports } = watched()
    await arm(1)
    watch.doubt('web', true)
    await arm(2)
    expect(reports).toMatchObject([
      { reason: expect.stringContaining('the exit of container web was not seen') },
      { type: 'watch.restored' },
    ])
  })

  test('that no exit was written does so where the directory is not the one that is watched', async () => {
    const { watch, arm, reports } = watched()
    await arm(1)
    watch.doubt('web', false)
    await new Promise(setImmediate)
    expect(reports).toEqual([])
    renameSync(dir, `${dir}.away`)
    mkdirSync(dir, { mode: 0o750 })
    watch.doubt('web', false)
    await arm(2)
    expect(reports).toMatchObject([{ reason: expect.stringContaining('was replaced') }, {}])
  })

  test('says nothing new while the watch does not stand', async () => {
    const { watch, attempt, arm, reports } = watched()
    await attempt(1)
    watch.doubt('web', true)
    await arm(1)
    expect(reports).toEqual([])
  })
})
