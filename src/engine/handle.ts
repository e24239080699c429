import { readLog } from '../../effects/log/follow.ts'
import { createLogParser } from '../../effects/log/parse.ts'
import { stopRequest } from '../spec/policies/stop.ts'
import { parseSignal } from '../spec/signals.ts'
import type {
  Attachment,
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  CollectOptions,
  Container,
  ContainerInfo,
  ContainerState,
  EndOptions,
  ExecInfo,
  ExecResult,
  ExecSession,
  ExitRecord,
  LogLine,
  ProcessInfo,
  RestoreOptions,
  SessionOptions,
  StopOptions,
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../types.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { awaitChange } from './await-change.ts'
import { validAsker } from './ending/askers.ts'
import { collectExec, openSession, stopSessions } from './exec/handle.ts'
import { containerInfo } from './live/info.ts'
import type { Supervisor } from './supervisor.ts'
import * as verbs from './verbs.ts'
import { waitFor } from './waiting/wait.ts'

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

  is<Asked extends ContainerState>(...states: readonly Asked[]): this is Container<Asked> {
    return (states as readonly ContainerState[]).includes(this.state)
  }

  inspect(): ContainerInfo {
    return containerInfo(this.#supervisor)
  }

  async create({ signal }: CallOptions = {}): Promise<Container<'created'>> {
    await this.#command((supervisor) => verbs.createRun(supervisor, signal))
    return this.#known()
  }

  async start({ signal }: CallOptions = {}): Promise<Container<'running'>> {
    await this.#command((supervisor) => verbs.start(supervisor, signal))
    return this.#known()
  }

  async stop({ timeout, stages, ...options }: StopOptions = {}): Promise<ExitRecord> {
    const request = stopRequest(this.#supervisor.settings, { timeout, stages })
    validAsker(options.by)
    return this.#command((supervisor) => verbs.stop(supervisor, request, options))
  }

  async kill(signal: string | number = 'SIGKILL', options: EndOptions = {}): Promise<void> {
    const number = parseSignal(signal)
    validAsker(options.by)
    await this.#command((supervisor) => verbs.kill(supervisor, number, options))
  }

  async pause({ signal }: CallOptions = {}): Promise<Container<'paused'>> {
    await this.#command((supervisor) => verbs.pause(supervisor, signal))
    return this.#known()
  }

  async resume({ signal }: CallOptions = {}): Promise<Container<'running'>> {
    await this.#command((supervisor) => verbs.resume(supervisor, signal))
    return this.#known()
  }

  async wait<For extends WaitCondition = 'exit'>(options: WaitOptions<For> = {}): Promise<WaitResults[For]> {
    return waitFor(this.#supervisor, options)
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

  async restore({ signal, ...choice }: RestoreOptions = {}): Promise<Container<'running'>> {
    await this.#command((supervisor) => verbs.restore(supervisor, choice, signal))
    return this.#known()
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

  async remove({
    force = false,
    ...options
  }: EndOptions & { force?: boolean | undefined } = {}): Promise<void> {
    validAsker(options.by)
    await this.#command((supervisor) => verbs.remove(supervisor, force, options))
  }

  /** A container held by `await using` lives as long as its block: it is removed, by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state !== 'removed') await this.remove({ force: true })
  }

  /** This handle, as a type that knows what has just become of its container. */
  #known<State extends ContainerState>(): Container<State> {
    return this as Container as Container<State>
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
