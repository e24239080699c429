import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import type { EngineEvent } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import type { Answer, Order } from './engine-process.ts'

const PROGRAM = join(import.meta.dirname, 'engine-process.ts')
const NAMESPACE_IDS = 65_536

/** An engine of its own process, and what it has told so far. */
export interface RemoteEngine extends AsyncDisposable {
  readonly place: TestPlace
  readonly exits: string
  readonly events: readonly EngineEvent[]
  readonly containers: { id: string; pid: number }[]
  /** Opens it, with that many containers, each of which exits with its number at SIGTERM. */
  open(containers: number): Promise<void>
  tell(order: Order): Promise<Answer>
  /** The nth exits; resolves once it is told, with its code and how long that took. */
  exitOf(code: number): Promise<void>
  reports(): EngineEvent[]
  reported(type: 'watch.degraded' | 'watch.restored', times?: number): Promise<void>
}

/**
 * An engine in a user namespace of its own, in which root is root still, but whose limits of inotify are nobody
 * else's, and in which users from 65,536 on are nobody.
 */
export const inOwnNamespace = (): Promise<RemoteEngine> =>
  remoteEngine(['unshare', '-U', 'sh', '-c', 'read _ && exec "$@"', 'sh', process.execPath, PROGRAM], mapIds)

/** An engine that may have that many descriptors. */
export const withDescriptors = (limit: number): Promise<RemoteEngine> =>
  remoteEngine(['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, PROGRAM])

/** Each user is who he is outside. */
function mapIds(pid: number): void {
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, `0 0 ${NAMESPACE_IDS}`)
}

/** Whether its user namespace is not ours any more. */
const inNamespace = (pid: number): boolean =>
  readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user')

async function remoteEngine(
  [program = '', ...args]: string[],
  prepare?: (pid: number) => void,
): Promise<RemoteEngine> {
  const place = await testPlace()
  const child = spawn(program, [...args, place.path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const events: EngineEvent[] = []
  const containers: { id: string; pid: number }[] = []
  const waiting: ((answer: Answer) => void)[] = []
  createInterface(child.stdout).on('line', (line) => {
    const said = JSON.parse(line)
    if (said.event === undefined) waiting.shift()?.(said)
    else events.push(said.event)
  })
  if (prepare !== undefined) {
    await expect.poll(() => inNamespace(child.pid ?? 0)).toBe(true)
    prepare(child.pid ?? 0)
    child.stdin.write('\n')
  }
  const tell = async (order: Order): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    waiting.push(resolve)
    child.stdin.write(`${JSON.stringify(order)}\n`)
    const answer = await promise
    expect(answer.error).toBeUndefined()
    return answer
  }
  const reports = (): EngineEvent[] => events.filter(({ containerId }) => containerId === null)
  return {
    ...{ place, exits: join(place.runRoot, 'exits'), events, containers, tell, reports },
    async open(count) {
      containers.push(...((await tell({ do: 'open', containers: count })).containers ?? []))
    },
    async exitOf(code) {
      const { id, pid } = containers[code - 1] ?? { id: '', pid: 0 }
      const from = performance.now()
      process.kill(pid, 'SIGTERM')
      const exits = (): unknown[] =>
        events.flatMap((event) =>
          event.type === 'state' && event.containerId === id && event.to === 'stopped'
            ? [event.exitCode]
            : [],
        )
      await expect.poll(exits, { timeout: 30_000, interval: 5 }).toEqual([code])
      const ms = (performance.now() - from).toFixed(0)
      console.log(`${expect.getState().currentTestName}: exit ${code} known after ${ms} ms`)
    },
    reported: (type, times = 1) =>
      expect
        .poll(() => reports().filter((event) => event.type === type).length, { timeout: 30_000 })
        .toBe(times),
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
      await place[Symbol.asyncDispose]()
    },
  }
}
