import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { WHOLE_LIFE } from './engine/plan.ts'
import { type CrashPoint, pointName, pointsOf, type Step } from './engine/steps.ts'
import { roundPlace, runRound } from './round.ts'
import { readLines } from './truth/verify.ts'

/** Rounds at once: an engine waits for its programs most of the time. */
const AT_ONCE = 3

const HELD = 'what the next engine says is true'
/** The part of the crash points that a run comes to, at the least; on a busy machine others come first. */
const MOST = 0.5

/** Crashes that leave most to be found out. */
const INTERRUPTED: CrashPoint[] = [
  { when: 'after', doing: 'end a pipe of conmon', occurrence: 1 },
  { when: 'after', doing: 'commit created', occurrence: 1 },
  { when: 'after', doing: 'commit stopping', occurrence: 1 },
  { when: 'after', doing: 'commit stopped', occurrence: 1 },
  { when: 'after', doing: 'commit removing', occurrence: 1 },
]

let place: TestPlace

beforeAll(async () => {
  place = await testPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

/** The steps of an undisturbed engine, or of one that recovers from a crash, in their order. */
async function listSteps(name: string, before: CrashPoint[]): Promise<CrashPoint[]> {
  const record = join(place.path, `${name}.steps`)
  const deaths = [...before.map((at) => ({ order: { at } })), { order: { record } }]
  const { problems } = await runRound(roundPlace(place.path, name, place.rootfs), WHOLE_LIFE, deaths)
  expect(problems).toEqual([])
  return pointsOf(readLines<Step>(record))
}

/** What tells most of where in its life an engine is. */
const TELLING = /^(commit|spawn|end|signal)\b/

/** Of the steps of one kind the first; of those that tell most, the last as well. */
const firstAndLast = (steps: readonly CrashPoint[]): CrashPoint[] =>
  steps.filter(
    ({ when, doing, occurrence }, index) =>
      occurrence === 1 ||
      (TELLING.test(doing) &&
        !steps.slice(index + 1).some((later) => later.when === when && later.doing === doing)),
  )

/**
 * What is not true after a crash at the last of these points, each in the engine after the one before; undefined where
 * the engine did not come to it: which transitions share a commit, and how often one is tried, is not the same in
 * every run.
 */
async function crashAt(name: string, points: CrashPoint[]): Promise<string[] | undefined> {
  const round = roundPlace(place.path, name, place.rootfs)
  const deaths = points.map((at) => ({ order: { at } }))
  const outcome = await runRound(round, WHOLE_LIFE, deaths)
  const where = points.map(pointName).join(', then ')
  if (outcome.problems.length > 0) return outcome.problems.map((problem) => `${where}: ${problem}`)
  if (outcome.deaths !== points.length) return undefined
  rmSync(join(place.path, name), { recursive: true })
  return []
}

/** Most crashes must have happened. Gives those that did. */
async function crashAtEach(name: string, crashes: CrashPoint[][]): Promise<CrashPoint[][]> {
  const untrue: string[] = []
  const done: CrashPoint[][] = []
  const queue = [...crashes.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const problems = await crashAt(`${name}-${next[0]}`, next[1])
      untrue.push(...(problems ?? []))
      if (problems !== undefined) done.push(next[1])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  expect(untrue).toEqual([])
  expect(done.length / crashes.length).toBeGreaterThan(MOST)
  return done
}

const kindOf = ({ when, doing }: CrashPoint): string => `${when} ${doing.split(' ')[0]}`

describe('an engine that is killed at any step that changes the world', () => {
  test('is followed by one that knows what is true', async () => {
    const points = firstAndLast(await listSteps('whole', []))
    const kinds = new Set(points.map(kindOf))
    for (const kind of ['commit', 'spawn', 'end', 'rm', 'rmdir', 'mkdir', 'writeFile']) {
      expect(kinds).toContain(`after ${kind}`)
    }
    const done = await crashAtEach(
      'life',
      points.map((at) => [at]),
    )
    for (const point of done.flat()) recordFault(`engine killed ${kindOf(point)}`, HELD)
  }, 1_200_000)

  test.each(INTERRUPTED)(
    '$when $doing, and again at any step of its recovery, is followed by one that knows what is true',
    async (first) => {
      const points = firstAndLast(await listSteps(`recovery-${INTERRUPTED.indexOf(first)}`, [first]))
      const telling = points.filter(({ doing }) => TELLING.test(doing))
      expect(telling.length).toBeGreaterThan(0)
      const crashes = telling.map((second) => [first, second])
      const done = await crashAtEach(`recovery-${INTERRUPTED.indexOf(first)}`, crashes)
      recordFault('engine killed while it recovers', HELD, done.length)
    },
    1_200_000,
  )
})
