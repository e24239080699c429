import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { type EngineEvent, openEngine } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import type { Asked, OwnerOrder } from './engine/owner.ts'
import type { Plan } from './engine/plan.ts'
import type { CrashOrder } from './engine/preload.ts'
import { comeToRest, containersOf, lasting, readLines, type Scene, untruths } from './truth/verify.ts'
import { lookAround } from './truth/world.ts'

/** How one engine of a round dies: as the order says, or a while after its n-th step by another's hand. */
export interface Death {
  order: Omit<CrashOrder, 'places'>
  /** With `tellAtStep`: microseconds until the kill. */
  afterMicroseconds?: number
  /** A conmon of the round is killed at the same instant. */
  withMonitor?: boolean
}

/** What came of a round. */
export interface Outcome {
  /** How many of its engines died as they were to. */
  deaths: number
  /** How many conmons were killed with them. */
  monitors: number
  /** What was not true afterwards. */
  problems: string[]
  /** How many containers the last engine knew. */
  containers: number
  events: number
}

/** Directories of one round, below a directory of the test's. */
export interface RoundPlace {
  root: string
  runRoot: string
  rootfs: string
  asked: string
  told: string
}

/** Makes them. */
export function roundPlace(directory: string, name: string, rootfs: string): RoundPlace {
  const at = (file: string): string => join(directory, name, file)
  mkdirSync(join(directory, name))
  const place = { root: at('root'), runRoot: at('run'), rootfs, asked: at('asked'), told: at('told') }
  for (const file of [place.asked, place.told]) writeFileSync(file, '')
  return place
}

/**
 * Engines carry out a plan, one after the other, and die on the way; then a last one opens what they left, and what
 * it says is held against the world. At last everything is removed, and nothing may be left.
 */
export async function runRound(place: RoundPlace, plan: Plan, deaths: readonly Death[]): Promise<Outcome> {
  const problems: string[] = []
  const monitorsKilled = new Set<string>()
  let died = 0
  for (const [index, death] of deaths.entries()) {
    // A later engine has to recover, and does no more.
    const end = await runOwner(place, index === 0 ? plan : [], death, monitorsKilled)
    if (end.died) died += 1
    if (end.complaint !== undefined) problems.push(end.complaint)
  }
  const scene: Scene = {
    ...place,
    runtime: TEST_RUNTIME,
    asked: readLines<Asked>(place.asked),
    told: readLines(place.told),
    monitorsKilled,
  }
  const last = await lookAndClear(place, scene)
  return { ...last, deaths: died, monitors: monitorsKilled.size, problems: [...problems, ...last.problems] }
}

async function lookAndClear(place: RoundPlace, scene: Scene): Promise<Omit<Outcome, 'deaths' | 'monitors'>> {
  const engine = await openEngine({ root: place.root, runRoot: place.runRoot, runtime: TEST_RUNTIME })
  try {
    await comeToRest(engine, scene.asked)
    const problems = await untruths(engine, scene)
    if (problems.length > 0) problems.push(`what was told: ${story(engine.events.past(0))}`)
    const { containers, seq } = engine.snapshot()
    for (const { id } of containers) await engine.get(id).remove({ force: true })
    const ids = containersOf([...engine.events.past(0)])
    const left = await lasting(async () => {
      const world = await lookAround(place.root, place.runRoot, ids)
      return [
        ...world.strange,
        ...[...world.ofContainer.values()].flatMap((traces) => Object.values(traces).flat()),
      ]
    })
    problems.push(...left.map((thing) => `after all was removed there is ${thing}`))
    return { problems, containers: containers.length, events: seq }
  } finally {
    await engine.close()
    rmSync(place.root, { recursive: true })
    rmSync(place.runRoot, { recursive: true })
  }
}

/** Events in so few words that one sees what came before what. */
function story(events: Iterable<EngineEvent>): string {
  const words = [...events].map((event) => {
    const { seq, name, type, at } = event
    const what = event.type === 'state' ? `${event.from} → ${event.to} ${event.error?.message ?? ''}` : type
    return `${seq} ${at.slice(17)} ${name} ${what}`
  })
  return words.join('; ')
}

/** Runs an engine in a process of its own until it dies, by its order or at the end of its plan. */
async function runOwner(
  place: RoundPlace,
  plan: Plan,
  death: Death,
  monitorsKilled: Set<string>,
): Promise<{ died: boolean; complaint?: string }> {
  const { order } = death
  const places: CrashOrder['places'] = [
    [place.runRoot, 'RUN'],
    [place.root, 'ROOT'],
  ]
  const ownerOrder: OwnerOrder = { ...place, runtime: TEST_RUNTIME, plan }
  const at = (file: string): string => join(import.meta.dirname, file)
  const notes = [place.asked, place.told].map((path) => openSync(path, 'a'))
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      at('engine/preload.ts'),
      at('engine/owner.ts'),
      JSON.stringify(ownerOrder),
    ],
    {
      env: { ...process.env, RUNCHART_CRASH: JSON.stringify({ ...order, places } satisfies CrashOrder) },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...notes],
      // A terminal's Ctrl-C is for the round, not for its engine.
      detached: true,
    },
  )
  for (const fd of notes) closeSync(fd)
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const killing =
    order.tellAtStep === undefined ? undefined : killWhenTold(child, place, death, monitorsKilled)
  const [code, signal] = await exited
  await killing
  if (signal === 'SIGKILL') return { died: true }
  return code === 0
    ? { died: false }
    : { died: false, complaint: `the engine ended with ${code ?? signal}: ${words}` }
}

/** Resolves once it has killed, or where it is not told to. */
async function killWhenTold(
  child: ChildProcess,
  place: RoundPlace,
  death: Death,
  monitorsKilled: Set<string>,
): Promise<void> {
  const telling = child.stdio[3] as Readable
  const isTold = await Promise.race([
    once(telling, 'data').then(() => true),
    once(telling, 'end').then(() => false),
  ])
  if (!isTold) return
  await delay((death.afterMicroseconds ?? 0) / 1_000)
  child.kill('SIGKILL')
  if (death.withMonitor === true) await killOneMonitor(place, monitorsKilled)
}

/** The conmon of any container of the round. */
async function killOneMonitor(
  { root, runRoot, told }: RoundPlace,
  monitorsKilled: Set<string>,
): Promise<void> {
  const ids = [...new Set(readLines<{ containerId: string }>(told).map(({ containerId }) => containerId))]
  const { ofContainer } = await lookAround(root, runRoot, ids)
  for (const [id, { monitors }] of ofContainer) {
    const pid = Number(/^process (\d+)/.exec(monitors[0] ?? '')?.[1])
    if (!(pid > 1)) continue
    monitorsKilled.add(id)
    if (killed(pid)) return
    monitorsKilled.delete(id)
  }
}

/** False where it has ended meanwhile. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
