import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type {
  ContainerInfo,
  CreateOptions,
  EngineEvent,
  EngineOptions,
  ExecResult,
  ExitRecord,
} from '../../../src/index.ts'

/** What an engine in a process of its own is asked; its errors come as they were thrown there, without class. */
export interface RemoteEngine extends AsyncDisposable {
  create(options: CreateOptions): Promise<string>
  start(id: string): Promise<void>
  pause(id: string): Promise<void>
  refresh(id: string): Promise<ContainerInfo>
  stop(id: string, options?: { timeout?: number }): Promise<ExitRecord>
  kill(id: string, signal: string): Promise<void>
  wait(id: string): Promise<ExitRecord>
  exec(id: string, command: string[], options?: object): Promise<ExecResult>
  /** A command that is not waited for. */
  detach(id: string, command: string[]): Promise<{ session: string; pid: number }>
  remove(id: string): Promise<void>
  inspect(id: string): Promise<ContainerInfo>
  snapshot(): Promise<{ containers: ContainerInfo[]; seq: number }>
  events(seq: number): Promise<EngineEvent[]>
  exitRecord(id: string): Promise<ExitRecord>
  close(options?: { timeout?: number }): Promise<void>
  /** How many descriptors it has open. */
  descriptors(): Promise<number>
  /** Has it open descriptors until so many are left; without a number those are closed again. */
  leave(count?: number): Promise<void>
  /** The most resident bytes that it has had. */
  peakMemory(): Promise<number>
  /** SIGKILL; resolves once it is dead. */
  die(): Promise<void>
}

/** How its process is started. */
export interface RemoteOptions {
  /** A program and arguments that run it, such as `prlimit`. */
  by?: readonly string[]
  /** Node's own flags. */
  flags?: readonly string[]
  env?: Record<string, string>
}

const PROGRAM = join(import.meta.dirname, 'engine-program.ts')
const ABOUT_A_CONTAINER = new Set([
  'start',
  'pause',
  'refresh',
  'stop',
  'kill',
  'wait',
  'exec',
  'detach',
  'remove',
  'inspect',
])

/** Starts an engine in a process of its own; it is killed when it is disposed of. Rejects where it does not open. */
export async function remoteEngine(
  engine: EngineOptions,
  options: RemoteOptions = {},
): Promise<RemoteEngine> {
  const { by = [], flags = [], env = {} } = options
  const argv = [...by, process.execPath, '--no-warnings', ...flags, PROGRAM, JSON.stringify(engine)]
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'exit')
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  child.on('message', (message: { ready?: boolean; call: number; value?: unknown; error?: object }) => {
    if (message.ready === true) return resolve()
    const call = waiting.get(message.call)
    waiting.delete(message.call)
    if (message.error === undefined) call?.resolve(message.value)
    else call?.reject(Object.assign(new Error(), message.error))
  })
  void ended.then(() => {
    const gone = new Error(`the engine's process has ended: ${said}`)
    reject(gone)
    for (const call of waiting.values()) call.reject(gone)
  })
  await ready
  let calls = 0
  const ask = (method: string, args: unknown[]): Promise<unknown> => {
    calls += 1
    const call = Promise.withResolvers<unknown>()
    waiting.set(calls, call)
    child.send({ call: calls, method, args: ABOUT_A_CONTAINER.has(method) ? args : ['', ...args] })
    return call.promise
  }
  const die = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return new Proxy({} as RemoteEngine, {
    get(_, method) {
      if (method === 'die' || method === Symbol.asyncDispose) return die
      // A promise resolves with what has no `then`.
      if (typeof method !== 'string' || method === 'then') return undefined
      return (...args: unknown[]) => ask(method, args)
    },
  })
}
