import { readLog } from '../../effects/log/follow.ts'
import { createLogParser } from '../../effects/log/parse.ts'
import { toMilliseconds } from '../spec/options.ts'
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
import { awaitChange } from './await-change.ts'
import { monitorInfo } from './creation/container.ts'
import { collectExec, openSession, stopSessions, unlessAborted } from './exec/handle.ts'
import { restartInfo } from './policies/info.ts'
import type { Supervisor } from './supervisor.ts'
import * as verbs from './verbs.ts'

/** States after which the present run writes no more. */
const SILENT: ReadonlySet<ContainerState> = new Set([
  'configured',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
])

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
    await this.#command((supervisor) => verbs.createRun(supervisor, signal))
  }

  async start({ signal }: CallOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.start(supervisor, signal))
  }

  async stop({ signal, timeout }: CallOptions & { timeout?: number | undefined } = {}): Promise<ExitRecord> {
    const { stopSignal, stopTimeout } = this.#supervisor.settings
    const graceMs = toMilliseconds('stop timeout', timeout ?? stopTimeout)
    const request = { signal: stopSignal, graceMs }
    return this.#command((supervisor) => verbs.stop(supervisor, request, signal))
  }

  async kill(signal: string | number = 'SIGKILL', call: CallOptions = {}): Promise<void> {
    const number = parseSignal(signal)
    await this.#command((supervisor) => verbs.kill(supervisor, number, call.signal))
  }

  async pause({ signal }: CallOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.pause(supervisor, signal))
  }

  async resume({ signal }: CallOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.resume(supervisor, signal))
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
    const end = follow ? silence(this.#supervisor, signal) : undefined
    const leave = this.#supervisor.readers.join()
    try {
      for await (const chunk of readLog(this.#supervisor.paths.log, { follow: end, signal })) {
        yield* parser.push(chunk)
      }
      // The container may well go on writing: what was read is not the whole of it.
      await end
    } finally {
      leave()
    }
  }

  attach(options: AttachOptions = {}): Promise<Attachment> {
    return this.#supervisor.engine.world.attach(this.#supervisor, options)
  }

  async checkpoint({ signal, ...choice }: CheckpointOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.checkpoint(supervisor, choice, signal))
  }

  async restore({ signal, ...choice }: RestoreOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.restore(supervisor, choice, signal))
  }

  async cleanup({ signal }: CallOptions = {}): Promise<void> {
    await this.#command((supervisor) => verbs.cleanup(supervisor, signal))
  }

  async refresh({ signal }: CallOptions = {}): Promise<ContainerInfo> {
    await this.#command((supervisor) => verbs.refresh(supervisor, signal))
    return this.inspect()
  }

  top({ signal }: CallOptions = {}): Promise<ProcessInfo[]> {
    return this.#command((supervisor) => supervisor.engine.world.processes(supervisor, signal))
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
    const stopped = this.#command((supervisor) => stopSessions(supervisor, options))
    await unlessAborted(stopped, signal)
  }

  async execKill(
    session: string,
    signal: string | number = 'SIGKILL',
    call: CallOptions = {},
  ): Promise<void> {
    const number = parseSignal(signal)
    const killed = this.#command(({ sessions }) => sessions.find(session).kill(number))
    await unlessAborted(killed, call.signal)
  }

  async remove({ signal, force = false }: CallOptions & { force?: boolean | undefined } = {}): Promise<void> {
    await this.#command((supervisor) => verbs.remove(supervisor, force, signal))
  }

  /** A container held by `await using` lives as long as its block: it is removed, by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state !== 'removed') await this.remove({ force: true })
  }

  /** Throws EngineClosedError once the engine is closing. */
  #command<T>(work: (supervisor: Supervisor) => Promise<T>): Promise<T> {
    return this.#supervisor.engine.commands.take(() => work(this.#supervisor))
  }
}

/**
 * Resolves when the present run writes no more; conmon has closed the log before its exit can be seen. Rejects with
 * EngineClosedError, and with the signal's reason.
 */
function silence(supervisor: Supervisor, signal: AbortSignal | undefined): Promise<void> {
  if (SILENT.has(supervisor.row.state)) return Promise.resolve()
  const silent = awaitChange<void>(
    supervisor,
    ({ to }) => (SILENT.has(to) ? { value: undefined } : undefined),
    { signal },
  )
  // Whoever reads hears of it at the end of what there is to read.
  silent.catch(() => {})
  return silent
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
    labels: settings.labels ?? {},
    key: settings.key?.value ?? null,
    ...restartInfo(row),
  }
}
