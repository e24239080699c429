import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { findMonitor } from '../../../effects/conmon/monitor.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Container, CreateOptions, Engine, EngineEvent } from '../../../src/index.ts'
import { TELLS_REAPED } from '../../effects/kernel.ts'
import type { TestPlace } from '../../fixtures/engine.ts'
import { script, TEST_RUNTIME } from '../../fixtures/programs.ts'

/** Lives until SIGTERM, of which it ends with 5; writes one line. */
export const LOOP = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
/** Lives until SIGKILL. */
export const DEAF = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'

/** Asks again until it is so. The limit is for a machine that is busy; nothing is to be read from it. */
export const soon = (look: () => unknown): ReturnType<typeof expect.poll> =>
  expect.poll(look, { timeout: 30_000 })

/** A container whose script has written its line. */
export async function running(
  place: TestPlace,
  engine: Engine,
  text = LOOP,
  options: CreateOptions = {},
): Promise<Container> {
  const container = await place.sh(engine, text, { stopTimeout: 600, ...options })
  await container.start()
  for await (const _ of container.logs({ follow: true })) return container
  throw new Error('the container wrote nothing')
}

/** The very process that is a container's first, or its conmon. */
export function processOf(container: Container, which: 'pid' | 'monitorPid'): ProcessIdentity {
  const identity = identifyProcess(container.inspect()[which] ?? 0)
  if (identity === undefined) throw new Error(`container ${container.name} has no ${which} that lives`)
  return identity
}

/** Sends SIGKILL to that very process, which lives, and waits until it is gone: the fault is seen to have happened. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  expect(isSameProcess(identity)).toBe(true)
  process.kill(identity.pid, 'SIGKILL')
  await soon(() => isSameProcess(identity)).toBe(false)
}

/** The conmon of a run that has just been begun, once it has said who it is. */
export async function youngMonitor(place: TestPlace, id: string): Promise<ProcessIdentity> {
  const runDirectory = join(place.runRoot, 'containers', id)
  let monitor: ProcessIdentity | undefined
  await soon(() => {
    monitor = findMonitor(runDirectory)
    return monitor
  }).toBeDefined()
  return monitor as ProcessIdentity
}

/** What is told of a container from a number on: states by their names, everything else by its type. */
export const told = (engine: Engine, { id }: Container, since = 0): string[] =>
  [...engine.events.past(since)]
    .filter((event) => event.containerId === id)
    .map((event: EngineEvent) => (event.type === 'state' ? event.to : event.type))

/** How often the loss of a conmon was told, ever. */
export const losses = (engine: Engine, container: Container): number =>
  told(engine, container).filter((word) => word === 'monitor.lost').length

/** Resolves at the first event of a container that is so. */
export function heard(
  engine: Engine,
  { id }: { id: string },
  isSo: (event: EngineEvent) => boolean,
): Promise<EngineEvent> {
  return new Promise((resolve) => {
    const subscription = engine.events.subscribe((event) => {
      if (event.containerId !== id || !isSo(event)) return
      subscription.unsubscribe()
      resolve(event)
    })
  })
}

/** Nothing of a run is there any more: no process, no directory, no cgroup. */
export async function nothingIsLeft(place: TestPlace, id: string, ...gone: ProcessIdentity[]): Promise<void> {
  expect(gone.filter(isSameProcess)).toEqual([])
  expect(place.leftovers().filter((path) => path.includes(id))).toEqual([])
  await soon(() => cgroupsOf(id)).toEqual([])
}

function cgroupsOf(id: string, directory = '/sys/fs/cgroup'): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (!entry.isDirectory()) return []
    return entry.name.includes(id) ? [path] : cgroupsOf(id, path)
  })
}

/** The exit of a container that was kept without conmon, where the kernel tells it. */
export const keptExit = (code: number, cause: string): { code: number; cause: string } =>
  TELLS_REAPED ? { code, cause } : { code: -1, cause: 'monitor-lost' }

/** A runtime that stands still at one of its words, before it does anything or after, until it is let go. */
export interface Gate {
  /** Its path. */
  runtime: string
  /** Resolves when it stands there. */
  reached(): Promise<void>
  open(): void
}

export function gate(directory: string, word: string, when: 'before' | 'after'): Gate {
  const [here, closed] = [join(directory, `${word}-reached`), join(directory, `${word}-closed`)]
  writeFileSync(closed, '')
  const stand = `: > ${here}; while [ -e ${closed} ]; do sleep 0.02; done`
  const real = findProgram(TEST_RUNTIME)
  const then =
    when === 'before' ? `${stand}; exec ${real} "$@"` : `${real} "$@"; code=$?; ${stand}; exit $code`
  const body = `for word in "$@"; do if [ "$word" = ${word} ]; then ${then}; fi; done\nexec ${real} "$@"`
  return {
    runtime: script(directory, `gate-${when}-${word}`, body),
    reached: () => soon(() => existsSync(here)).toBe(true),
    open: () => rmSync(closed, { force: true }),
  }
}
