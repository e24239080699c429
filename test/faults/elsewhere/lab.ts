import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { execa } from 'execa'
import { type Logger, pino } from 'pino'
import { expect, onTestFinished } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Container, CreateOptions, Engine } from '../../../src/index.ts'
import type { TestPlace } from '../../fixtures/engine.ts'
import { runtimeThat, TEST_RUNTIME } from '../../fixtures/programs.ts'

/** Ends with 5 when it is asked to. */
export const OBEYS = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
/** Ends by SIGKILL alone. */
export const IGNORES = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'

/** Asks until it is so, as long as a busy machine may take. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 30_000 })
}

/** A container of a script whose first word is awaited: by then its traps are set. */
export async function running(
  place: TestPlace,
  engine: Engine,
  script = OBEYS,
  options: CreateOptions = {},
): Promise<Container> {
  const container = await place.sh(engine, script, { stopTimeout: 600, ...options })
  await container.start()
  for await (const _ of container.logs({ follow: true })) return container
  throw new Error('the container wrote nothing')
}

/** The first process of a container, and its conmon. */
export function pidsOf(container: Container): { pid: number; monitor: number } {
  const { pid, monitorPid } = container.inspect()
  if (pid === null || monitorPid === null) throw new Error(`container ${container.name} has no process`)
  return { pid, monitor: monitorPid }
}

/** The number in a file of a container's run, once it is there. */
export async function pidIn(place: TestPlace, id: string, name: string): Promise<number> {
  const path = join(place.runRoot, 'containers', id, name)
  const read = (): number => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0)
  await eventually(read).toBeGreaterThan(0)
  return read()
}

export const isAlive = (pid: number): boolean => identifyProcess(pid) !== undefined

/** Resolves once no such process lives; one that nobody has reaped yet does not. */
export const gone = (pid: number): Promise<void> => eventually(() => isAlive(pid)).toBe(false)

export async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await gone(pid)
}

/** A process that has nothing to do with any container; it ends when it is disposed of. */
export async function stranger(): Promise<{ pid: number } & AsyncDisposable> {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The states that a container was told to go to. */
export const statesOf = (engine: Engine, { id }: { id: string }): string[] =>
  [...engine.events.past(0)].flatMap((event) =>
    event.type === 'state' && event.containerId === id ? [event.to] : [],
  )

/** The runtime, asked behind the engine's back. */
export const askRuntime = (place: TestPlace, ...args: string[]) =>
  execa(findProgram(TEST_RUNTIME), ['--root', join(place.runRoot, 'runtime'), ...args], { reject: false })

/** A runtime that waits at one of its verbs, for whatever container it is told to. */
export interface HeldRuntime {
  path: string
  /** Makes it wait from now on, for one container or for all. */
  hold(id?: string): { isReached: () => boolean; release: () => void }
}

export function runtimeHeldAt(place: TestPlace, verb: string): HeldRuntime {
  const holds = join(place.path, `held-at-${verb.replace('|', '-or-')}-`)
  const wait = `for id in all "$@"; do
      hold=${holds}$id
      if [ -e "$hold" ]; then : > "$hold.reached"; while [ -e "$hold" ]; do sleep 0.02; done; fi
    done`
  return {
    path: runtimeThat(place.path, verb, wait),
    hold(id = 'all') {
      writeFileSync(holds + id, '')
      const release = (): void => rmSync(holds + id, { force: true })
      onTestFinished(release)
      return { isReached: () => existsSync(`${holds}${id}.reached`), release }
    },
  }
}

/** Where conmon writes a container's exit code. */
export const exitFile = (place: TestPlace, { id }: { id: string }): string => join(place.runRoot, 'exits', id)

/** Changes the store of a root that no engine has open. */
export function editStore(place: TestPlace, sql: string, ...values: (string | number)[]): void {
  const database = new DatabaseSync(join(place.root, 'store.db'))
  database.prepare(sql).run(...values)
  database.close()
}

/** A logger whose lines, warnings and worse, are kept. */
export function warnings(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  return { lines, logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }) }
}

/** The cgroups that a container and its conmon still have. */
export function cgroupsOf({ id }: { id: string }): string[] {
  const top = '/sys/fs/cgroup'
  const parents = [top, ...readdirSync(top).map((name) => join(top, name))]
  const names = [`runchart-${id}`, `runchart-conmon-${id}`]
  return parents.flatMap((parent) =>
    names.map((name) => join(parent, name)).filter((path) => existsSync(path)),
  )
}

/** Children of this process that have ended and that nobody has reaped. */
export function zombies(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.map(Number).filter((pid) => !isAlive(pid))
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}
