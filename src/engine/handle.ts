import { readLog } from '../../effects/log/follow.ts'
import { createLogParser } from '../../effects/log/parse.ts'
import { InvalidInputError } from '../errors.ts'
import { parseSignal, signalName } from '../spec/signals.ts'
import type {
  Attachment,
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  CollectOptions,
  Container,
  ContainerInfo,
  ContainerState,
  ExecInfo,
  ExecResult,
  ExecSession,
  ExitRecord,
  LogLine,
  ProcessInfo,
  RestoreOptions,
  SessionOptions,
} from '../types.ts'
import { attach } from './attach/attach.ts'
import { awaitChange } from './await-change.ts'
import { monitorInfo } from './creation/container.ts'
import { collectExec, openSession, stopSessions, unlessAborted } from './exec/handle.ts'
import { listProcesses } from './runtime/top.ts'
import type { Supervisor } from './supervisor.ts'
import * as verbs from './verbs.ts'

/** The longest delay that a timer takes, in seconds. */
const MAX_TIMEOUT = Math.floor((2 ** 31 - 1) / 1_000)

/** States after which the present run writes no more. */
const SILENT: ReadonlySet<ContainerState> = new Set([
  'configured',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
])

/** Seconds, checked, as milliseconds. */
export function graceMs(timeout: number): number {
  if (Number.isFinite(timeout) && timeout >= 0 && timeout <= MAX_TIMEOUT) return Math.round(timeout * 1_000)
  throw new InvalidInputError(
    `the stop timeout ${timeout} is not a number of seconds from 0 to ${MAX_TIMEOUT}`,
    {
      hint: '0 sends SIGKILL at once',
    },
  )
}

/** The public face of one container; holds nothing but its supervisor. */
export class ContainerHandle implements Container {
  readonly #supervisor: Supervisor

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  get id(): string {
    return this.#supervisor.id
  }

  get name(): string {
    return this.#supervisor.name
  }

  get state(): ContainerState {
    return this.#supervisor.row.state
  }

  get generation(): number {
    return this.#supervisor.row.generation
  }

  inspect(): ContainerInfo {
    return containerInfo(this.#supervisor)
  }

  async create({ signal }: CallOptions = {}): Promise<void> {
    await verbs.createRun(this.#supervisor, signal)
  }

  async start({ signal }: CallOptions = {}): Promise<void> {
    await verbs.start(this.#supervisor, signal)
  }

  async stop({ signal, timeout }: CallOptions & { timeout?: number | undefined } = {}): Promise<ExitRecord> {
    const { stopSignal, stopTimeout } = this.#supervisor.settings
    return verbs.stop(
      this.#supervisor,
      { signal: stopSignal, graceMs: graceMs(timeout ?? stopTimeout) },
      signal,
    )
  }

  async kill(signal: string | number = 'SIGKILL', call: CallOptions = {}): Promise<void> {
    await verbs.kill(this.#supervisor, parseSignal(signal), call.signal)
  }

  async pause({ signal }: CallOptions = {}): Promise<void> {
    await verbs.pause(this.#supervisor, signal)
  }

  async resume({ signal }: CallOptions = {}): Promise<void> {
    await verbs.resume(this.#supervisor, signal)
  }

  async wait({
    signal,
    generation,
  }: CallOptions & { generation?: number | undefined } = {}): Promise<ExitRecord> {
    return verbs.waitForExit(this.#supervisor, generation, signal)
  }

  async *logs({
    signal,
    follow = false,
  }: CallOptions & { follow?: boolean | undefined } = {}): AsyncIterable<LogLine> {
    const parser = createLogParser()
    const ended = follow ? silence(this.#supervisor, signal) : undefined
    const leave = this.#supervisor.readers.join()
    try {
      for await (const chunk of readLog(this.#supervisor.paths.log, { follow: ended, signal })) {
        yield* parser.push(chunk)
      }
    } finally {
      leave()
    }
  }

  attach(options: AttachOptions = {}): Promise<Attachment> {
    return attach(this.#supervisor, options)
  }

  async checkpoint({ signal, ...choice }: CheckpointOptions = {}): Promise<void> {
    await verbs.checkpoint(this.#supervisor, choice, signal)
  }

  async restore({ signal, ...choice }: RestoreOptions = {}): Promise<void> {
    await verbs.restore(this.#supervisor, choice, signal)
  }

  async cleanup({ signal }: CallOptions = {}): Promise<void> {
    await verbs.cleanup(this.#supervisor, signal)
  }

  async refresh({ signal }: CallOptions = {}): Promise<ContainerInfo> {
    await verbs.refresh(this.#supervisor, signal)
    return this.inspect()
  }

  top({ signal }: CallOptions = {}): Promise<ProcessInfo[]> {
    return listProcesses(this.#supervisor, signal)
  }

  exec(command: string[], options: CollectOptions = {}): Promise<ExecResult> {
    return collectExec(this.#supervisor, command, options)
  }

  execSession(command: string[], options: SessionOptions = {}): Promise<ExecSession> {
    return openSession(this.#supervisor, command, options)
  }

  execs(): ExecInfo[] {
    return this.#supervisor.sessions.list()
  }

  async execStop({
    signal,
    ...options
  }: CallOptions & { session?: string | undefined; timeout?: number | undefined } = {}): Promise<void> {
    await unlessAborted(stopSessions(this.#supervisor, options), signal)
  }

  async execKill(
    session: string,
    signal: string | number = 'SIGKILL',
    call: CallOptions = {},
  ): Promise<void> {
    await unlessAborted(this.#supervisor.sessions.find(session).kill(parseSignal(signal)), call.signal)
  }

  async remove({ signal, force = false }: CallOptions & { force?: boolean | undefined } = {}): Promise<void> {
    await verbs.remove(this.#supervisor, force, signal)
  }

  /** A container held by `await using` lives as long as its block: it is removed, by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state !== 'removed') await this.remove({ force: true })
  }
}

/** Resolves when the present run writes no more; conmon has closed the log before its exit can be seen. */
async function silence(supervisor: Supervisor, signal: AbortSignal | undefined): Promise<void> {
  if (SILENT.has(supervisor.row.state)) return
  await awaitChange(supervisor, ({ to }) => (SILENT.has(to) ? { value: undefined } : undefined), {
    signal,
  }).catch(() => {})
}

/** One container as it was committed. */
export function containerInfo({ row, settings, paths }: Supervisor): ContainerInfo {
  const { facts } = row
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    pid: facts.exit === null ? (facts.process?.pid ?? null) : null,
    exitCode: facts.exit?.code ?? null,
    generation: row.generation,
    createdAt: row.createdAt,
    startedAt: facts.startedAt,
    finishedAt: facts.exit?.finishedAt ?? null,
    exit: facts.exit,
    error: facts.error,
    monitorPid: facts.exit === null ? (facts.monitor?.pid ?? null) : null,
    runtime: settings.runtime,
    bundle: paths.bundle,
    logPath: paths.log,
    terminal: settings.terminal === true,
    stdin: settings.stdin === true || settings.terminal === true,
    command: settings.command,
    stopSignal: signalName(settings.stopSignal) ?? String(settings.stopSignal),
    stopTimeout: settings.stopTimeout,
    ...monitorInfo(settings.monitor),
    network: settings.network ?? null,
    autoRemove: settings.autoRemove === true,
  }
}
