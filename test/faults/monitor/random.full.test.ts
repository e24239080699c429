import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import type { Engine } from '../../../src/index.ts'
import { processesNaming } from '../../effects/lab.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { recordFault } from '../record.ts'
import { keptExit, losses, nothingIsLeft, soon } from './lost.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** At which there was a conmon to kill; under each of the two policies. */
const INSTANTS = 15
/** The lives that may be needed for that. */
const LIVES = 10 * INSTANTS
/** How many states a life goes through while it has a conmon: configured, creating, created … stopped. */
const STATES = 10
/** From the beginning of one state to well into the next. */
const LONGEST_MS = 20

/** Some time after a life has come to its n-th state. */
const instant = fc.record({
  after: fc.integer({ min: 1, max: STATES - 1 }),
  ms: fc.integer({ min: 0, max: LONGEST_MS }),
})

/** Goes through every state; ends early where a command finds that there is nothing left to command. */
async function live(engine: Engine, name: string): Promise<void> {
  try {
    const container = await engine.create({ name, rootfs: place.rootfs, command: ['sleep', '1000'] })
    await container.start()
    await container.pause()
    await container.resume()
    // It does not mind the first signal.
    await container.stop({ timeout: 0.03 })
  } catch {}
}

/** Resolves when a container of that name comes to its n-th state; never where it does not get so far. */
function reaches(engine: Engine, name: string, after: number): Promise<string> {
  let seen = -1
  return new Promise((resolve) => {
    const subscription = engine.events.subscribe((event) => {
      if (event.name !== name || event.type !== 'state') return
      seen += 1
      if (seen !== after) return
      subscription.unsubscribe()
      resolve(event.to)
    })
  })
}

/** Kills whatever conmon the container of that name has at this moment: its parent half, itself, both, or none. */
async function killConmon(engine: Engine, name: string): Promise<ProcessIdentity[]> {
  const { id } = engine.snapshot().containers.find((container) => container.name === name) ?? {}
  if (id === undefined) return []
  const pidFile = join(place.runRoot, 'containers', id, 'conmon.pid')
  const monitors = (await processesNaming(pidFile)).filter(isConmon).map(identifyProcess)
  return monitors.filter((monitor) => monitor !== undefined).filter(isKilled)
}

/** And not the runtime that it runs, whose arguments have the same path. */
function isConmon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'conmon'
  } catch {
    return false
  }
}

function isKilled(monitor: ProcessIdentity): boolean {
  try {
    return isSameProcess(monitor) && process.kill(monitor.pid, 'SIGKILL')
  } catch {
    return false
  }
}

/** What has become of a life; fails where what is told of it cannot be true. */
async function outcomeOf(engine: Engine, name: string, monitorLost: 'kill' | 'keep'): Promise<string> {
  const found = engine.snapshot().containers.find((container) => container.name === name)
  if (found === undefined) {
    // A container that could not be made is not kept.
    const record = engine.exitRecord(name)
    expect(record).toMatchObject({ code: -1, cause: 'create-failed' })
    await nothingIsLeft(place, record.containerId)
    return 'never made'
  }
  const container = engine.get(name)
  const { code, cause } = await container.wait()
  await soon(() => container.state).toBe('exited')
  const lost = losses(engine, container)
  expect({ code, cause, lost }).toBeOneOf([
    { code: 137, cause: 'stopped-by-user', lost: 0 },
    ...(monitorLost === 'keep' ? [{ ...keptExit(137, 'stopped-by-user'), lost: 1 }] : []),
    // Also where a container is kept: conmon may have heard of the exit, and died before it told.
    { code: -1, cause: 'monitor-lost', lost: 1 },
  ])
  await container.remove()
  await nothingIsLeft(place, found.id)
  return `${code}${lost === 0 ? '' : ', loss told'}`
}

/** One life, and the conmon that it has at that instant killed; undefined where it had none. */
async function strike(
  engine: Engine,
  name: string,
  { after, ms }: { after: number; ms: number },
  monitorLost: 'kill' | 'keep',
): Promise<string | undefined> {
  const reached = reaches(engine, name, after)
  const living = live(engine, name)
  const state = await reached
  await delay(ms)
  const monitors = await killConmon(engine, name)
  await soon(() => monitors.filter(isSameProcess)).toEqual([])
  await living
  const outcome = await outcomeOf(engine, name, monitorLost)
  return monitors.length === 0 ? undefined : `${state}: ${outcome}`
}

describe('conmon killed at any instant of a life', { timeout: 600_000 }, () => {
  test.each(['kill', 'keep'] as const)(
    'what is told is true, and nothing is left: %s',
    async (monitorLost) => {
      const seed = Date.now() & 0x7fff_ffff
      console.log(`seed ${seed}`)
      const engine = await place.open({ monitorLost })
      const outcomes: string[] = []
      for (const [index, when] of fc.sample(instant, { seed, numRuns: LIVES }).entries()) {
        const outcome = await strike(engine, `life-${index}`, when, monitorLost)
        if (outcome !== undefined) outcomes.push(outcome)
        if (outcomes.length === INSTANTS) break
      }
      const counts = Map.groupBy(outcomes.toSorted(), (outcome) => outcome)
      console.log(
        monitorLost,
        Object.fromEntries([...counts].map(([outcome, { length }]) => [outcome, length])),
      )
      expect(outcomes).toHaveLength(INSTANTS)
      expect(place.leftovers()).toEqual([])
      recordFault(
        `conmon killed at a random instant (${monitorLost})`,
        'what is told is true; nothing left',
        outcomes.length,
      )
    },
  )
})
