import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ContainerInfo, Engine, EngineEvent, ExitRecord } from '../../../../src/index.ts'
import type { Asked } from '../engine/owner.ts'
import { wrongExit } from './exit-codes.ts'
import { readRuntimeStatus } from './runtime-status.ts'
import { lookAround, type Traces } from './world.ts'

/** What a crashed engine left to be looked at. */
export interface Scene {
  root: string
  runRoot: string
  runtime: string
  /** Every command that was asked for, by all engines. */
  asked: readonly Asked[]
  /** Every event that the subscriber was told before the crash. */
  told: readonly EngineEvent[]
  /** The ids of containers whose conmon was killed too. */
  monitorsKilled: ReadonlySet<string>
}

const STILL: ReadonlySet<string> = new Set(['configured', 'created', 'running', 'paused', 'exited'])
const ALIVE: ReadonlySet<string> = new Set(['created', 'running', 'paused'])

const LOOKS = 6_000
const BETWEEN_LOOKS_MS = 20

/**
 * Waits until nothing moves any more: an engine that opens waits for each of its containers but for a while, and a
 * script that ends by itself may be on its way. What never comes to rest is found afterwards.
 */
export async function comeToRest(engine: Engine, asked: readonly Asked[]): Promise<void> {
  const isMoving = ({ name, state }: ContainerInfo): boolean => {
    const creation = asked.find((command) => command.do === 'create' && command.name === name)
    const ends = creation?.do === 'create' && ['quick', 'brief'].includes(creation.script)
    return !STILL.has(state) || (ends && state === 'running')
  }
  for (let look = 0; look < LOOKS && engine.snapshot().containers.some(isMoving); look += 1) {
    await delay(BETWEEN_LOOKS_MS)
  }
}

/** Everything that is not true of what an engine says after a crash; empty where all of it is. */
export async function untruths(engine: Engine, scene: Scene): Promise<string[]> {
  const events = [...engine.events.past(0)]
  const { containers } = engine.snapshot()
  return [
    ...containers.filter(({ state }) => !STILL.has(state)).map(({ name, state }) => `${name} is ${state}`),
    ...rowsOnTheirWay(scene.root),
    ...(await lasting(() => liesAboutTheWorld(engine, events, scene))),
    ...wrongSessions(engine, events),
    ...wrongNumbers(events),
    ...(await missedEvents(engine, events, scene.told)),
    ...wrongExits(engine, events, scene),
  ]
}

function rowsOnTheirWay(root: string): string[] {
  const database = new DatabaseSync(join(root, 'store.db'), { readOnly: true })
  try {
    const rows = database.prepare('SELECT name, state FROM containers').all()
    return rows
      .filter(({ state }) => !STILL.has(String(state)))
      .map(({ name, state }) => `the row of ${name} says ${state}`)
  } finally {
    database.close()
  }
}

/** The ids of all containers that there have been. */
export function containersOf(events: readonly EngineEvent[]): string[] {
  return [...new Set(events.flatMap(({ containerId }) => containerId ?? []))]
}

/** What is wrong is so for ever; what only takes its time may take long where much else is under way. */
const PATIENCE = { looks: 1_200, pauseMs: 50 }

/** What is there for good: a runtime that a dead engine had at work comes to its own end. */
export async function lasting(look: () => Promise<string[]>): Promise<string[]> {
  let found = await look()
  for (let looks = 1; found.length > 0 && looks < PATIENCE.looks; looks += 1) {
    await delay(PATIENCE.pauseMs)
    found = await look()
  }
  return found
}

/** What lives must be known, and what is said to live must. */
async function liesAboutTheWorld(
  engine: Engine,
  events: readonly EngineEvent[],
  { root, runRoot, runtime }: Scene,
): Promise<string[]> {
  const ids = containersOf(events)
  const { containers } = engine.snapshot()
  const world = await lookAround(root, runRoot, ids)
  for (const { id } of containers) {
    const links = engine
      .get(id)
      .execs()
      .map((session) => `socket/${session.id}`)
    world.strange = world.strange.filter((thing) => !links.includes(thing))
  }
  const lies = world.strange.map((thing) => `nobody knows of ${thing}`)
  for (const [id, traces] of world.ofContainer) {
    const info = containers.find((each) => each.id === id)
    if (info !== undefined && ALIVE.has(info.state)) {
      lies.push(...(await untrueOfLiving(info, traces, { runRoot, runtime })))
    } else {
      const found = [traces.monitors, traces.processes, traces.programs, traces.cgroups, traces.files].flat()
      lies.push(
        ...found.map((thing) => `${info?.name ?? id} is ${info?.state ?? 'gone'}, but there is ${thing}`),
      )
    }
  }
  return lies
}

async function untrueOfLiving(
  { id, name, state, pid, monitorPid }: ContainerInfo,
  { monitors, processes }: Traces,
  { runRoot, runtime }: Pick<Scene, 'runRoot' | 'runtime'>,
): Promise<string[]> {
  const status = await readRuntimeStatus(runtime, join(runRoot, 'runtime'), id)
  const has = (lines: readonly string[], number: number | null): boolean =>
    lines.some((line) => line.startsWith(`process ${number}:`))
  return [
    ...(status === state ? [] : [`${name} is ${state}, but to the runtime it is ${status}`]),
    ...(has(processes, pid) ? [] : [`${name} is ${state}, but process ${pid} is none of it`]),
    ...(monitors.length === 1 && has(monitors, monitorPid)
      ? []
      : [`${name} is ${state}, its conmon ${monitorPid}, but there are: ${monitors.join('; ')}`]),
  ]
}

/** A command that was told to have started is either live still or was told to have ended, once. */
function wrongSessions(engine: Engine, events: readonly EngineEvent[]): string[] {
  const live = engine.snapshot().containers.flatMap(({ id }) => engine.get(id).execs())
  const alive = live.filter(({ state, pid }) => state === 'running' && isAlive(pid)).map(({ id }) => id)
  const ended = events.flatMap((event) => (event.type === 'exec.exited' ? [event.sessionId] : []))
  const begun = events.flatMap((event) => (event.type === 'exec.started' ? [event.sessionId] : []))
  return [...new Set([...begun, ...ended, ...live.map(({ id }) => id)])]
    .filter((id) => [...alive, ...ended].filter((each) => each === id).length !== 1)
    .map((id) => `session ${id} is neither live nor over, or both: ${JSON.stringify(live)}`)
}

function isAlive(pid: number | null): boolean {
  return pid !== null && existsSync(`/proc/${pid}`)
}

function wrongNumbers(events: readonly EngineEvent[]): string[] {
  return events
    .filter(({ seq }, index) => seq !== index + 1)
    .slice(0, 3)
    .map(({ seq }) => `event ${seq} is not one more than the one before it`)
}

/** A subscriber that goes on from the last event that it was told has each event once. */
async function missedEvents(
  engine: Engine,
  events: readonly EngineEvent[],
  told: readonly EngineEvent[],
): Promise<string[]> {
  const heard = [...told]
  const last = events.at(-1)?.seq ?? 0
  if ((heard.at(-1)?.seq ?? 0) < last) {
    for await (const event of engine.events.since(heard.at(-1)?.seq ?? 0)) {
      heard.push(event)
      if (event.seq >= last) break
    }
  }
  const differs = events.findIndex((event, index) => !isDeepStrictEqual(event, heard[index]))
  if (differs !== -1) {
    return [
      `event ${differs + 1} is ${JSON.stringify(events[differs])}, told was ${JSON.stringify(heard[differs])}`,
    ]
  }
  return heard.length === events.length ? [] : [`${heard.length} events were told of ${events.length}`]
}

/** Every run that is over has one record, and its code is a real one. */
function wrongExits(engine: Engine, events: readonly EngineEvent[], scene: Scene): string[] {
  const runs = new Map(
    events
      .filter((event) => event.containerId !== null)
      .filter(({ generation }) => generation > 0)
      .map((event) => [`${event.containerId} ${event.generation}`, event] as const),
  )
  return [...runs.values()].flatMap(({ containerId, name, generation }) => {
    const state = lastStateOf(events, containerId, generation)
    const record = recordOf(engine, containerId, generation)
    if (record === undefined)
      return ALIVE.has(state) ? [] : [`run ${generation} of ${name} is ${state} without a record`]
    if (ALIVE.has(state)) return [`run ${generation} of ${name} is ${state}, and has an exit on record`]
    const asked = scene.asked.filter((command) => 'name' in command && command.name === name)
    return wrongExit(record, asked, scene.monitorsKilled.has(containerId)) ?? []
  })
}

function lastStateOf(events: readonly EngineEvent[], id: string, generation: number): string {
  const last = events.findLast(
    (event) => event.type === 'state' && event.containerId === id && event.generation === generation,
  )
  return last?.type === 'state' ? last.to : 'unknown'
}

function recordOf(engine: Engine, id: string, generation: number): ExitRecord | undefined {
  try {
    return engine.exitRecord(id, generation)
  } catch {
    return undefined
  }
}

/** Reads a file of JSON lines. */
export function readLines<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}
