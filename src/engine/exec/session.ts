import { join } from 'node:path'
import { type Actor, createActor, type SnapshotFrom } from 'xstate'
import type { AttachedExec } from '../../../effects/exec/attached.ts'
import type { DetachedExec } from '../../../effects/exec/detached.ts'
import { removeSession } from '../../../effects/exec/stop.ts'
import type { TerminalExec } from '../../../effects/exec/terminal.ts'
import {
  type ExecExit as ChartExit,
  EXEC_OUTLIVED_KILL,
  type ExecCommand,
  type ExecObservation,
  type execMachine,
  type ProcessFacts,
} from '../../../machines/index.ts'
import {
  EngineClosedError,
  IllegalTransitionError,
  RunchartError,
  StopTimeoutError,
  typedError,
} from '../../errors.ts'
import { signalName } from '../../spec/signals.ts'
import type { ExecRow } from '../../store/records.ts'
import type { ExecExit, ExecState } from '../../types.ts'
import type { Supervisor } from '../supervisor.ts'
import { provideExecEffects } from './effects.ts'
import type { ExecRequest } from './request.ts'

type Snapshot = SnapshotFrom<typeof execMachine>

/** An event of a session, before it is stamped. */
export type SessionEvent =
  | { type: 'exec.started'; sessionId: string; command: string[]; detached: boolean; pid?: number }
  | { type: 'exec.exited'; sessionId: string; exitCode: number; cause: ExecExit['cause'] }

/** What a session needs of those that it is one of. */
export interface SessionBearings {
  /** Commits all live sessions as they are now, with events; resolves once they may be told. */
  commit: (...events: SessionEvent[]) => Promise<void>
  /** It is over, and nobody lists it any more. */
  forget: () => void
}

/** How long a runtime is waited for whose command was killed; another process may hold its output. */
const RELEASE_MS = 500
const SIGKILLED = 137

/** Owns one session's actor. What its promises tell was committed before. */
export class Session {
  readonly id: string
  readonly supervisor: Supervisor
  readonly directory: string
  /** undefined for one that an earlier engine had begun. */
  readonly request: ExecRequest | undefined
  /** Aborted where whoever asked for the start gives up. */
  readonly starting = new AbortController()
  /** Requests of `kill` that wait for their signal to be delivered. */
  readonly signalRequests = new Map<number, (outcome: Error | undefined) => void>()
  attached: AttachedExec | TerminalExec | undefined
  detached: DetachedExec | undefined
  readonly #bearings: SessionBearings
  readonly #started = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<ExecExit>()
  readonly #over = Promise.withResolvers<void>()
  #row: ExecRow
  #actor: Actor<typeof execMachine> | undefined
  #stopFailures = new Set<(error: Error) => void>()
  #requests = 0
  #isKilled = false
  #isWatched = false
  #isStarted = false

  constructor(supervisor: Supervisor, row: ExecRow, bearings: SessionBearings, request?: ExecRequest) {
    this.id = row.id
    this.supervisor = supervisor
    this.directory = join(supervisor.paths.runDirectory, 'exec', row.id)
    this.request = request
    this.#bearings = bearings
    this.#row = row
    // Whoever waits hears of it; a session need not be waited for.
    for (const { promise } of [this.#started, this.#exited, this.#over]) promise.catch(() => {})
  }

  get row(): ExecRow {
    return this.#row
  }

  /** Resolves once the command runs, or has run; rejects where it cannot. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Resolves with the exit; rejects where there was none to come, or with EngineClosedError. */
  get exited(): Promise<ExecExit> {
    return this.#exited.promise
  }

  /** Resolves once it is over, however it ended. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Whether what watches the command is gone, or is to be. */
  get isAbandoned(): boolean {
    return this.#actor?.getSnapshot().value === 'abandoning'
  }

  /** Starts the command; or, of a known session, asks what has become of it. */
  begin(): void {
    const known = this.request === undefined ? { process: this.#row.process ?? undefined } : undefined
    const input = { id: this.id, containerId: this.supervisor.id, known }
    const { actorOptions } = this.supervisor.engine
    const actor = createActor(provideExecEffects(this), { input, ...actorOptions })
    this.#actor = actor
    actor.subscribe({
      next: (snapshot) => this.#onSnapshot(snapshot),
      error: (error) =>
        this.supervisor.logger.error({ err: error, sessionId: this.id }, 'an exec chart failed'),
    })
    actor.start()
    if (known === undefined) actor.send({ type: 'start' })
  }

  /** Throws IllegalTransitionError where the session's state does not take it. */
  command(command: ExecCommand): void {
    const snapshot = this.#actor?.getSnapshot()
    if (snapshot?.can(command) !== true) {
      const transition = {
        state: snapshot === undefined ? 'over' : topLevel(snapshot),
        event: command.type,
        allowed: [],
      }
      throw new IllegalTransitionError(transition, this.supervisor.name, { containerId: this.supervisor.id })
    }
    this.#actor?.send(command)
  }

  /** Asks for its end, and resolves with it. Throws StopTimeoutError where it outlives SIGKILL. */
  async stop(signal: number, graceMs: number): Promise<void> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    failed.catch(() => {})
    this.#stopFailures.add(reject)
    try {
      if (this.#actor?.getSnapshot().can({ type: 'stop', signal, graceMs }) === true) {
        this.#actor.send({ type: 'stop', signal, graceMs })
      }
      await Promise.race([this.over, failed])
    } finally {
      this.#stopFailures.delete(reject)
    }
  }

  /** Resolves once the signal is delivered. */
  async kill(signal: number): Promise<void> {
    this.#requests += 1
    const request = this.#requests
    const answer = new Promise<Error | undefined>((resolve) => this.signalRequests.set(request, resolve))
    try {
      this.command({ type: 'kill', signal, request })
      const error = await Promise.race([answer, this.over.then(() => undefined)])
      if (error !== undefined) throw error
    } finally {
      this.signalRequests.delete(request)
    }
  }

  /** SIGKILL was sent: what holds the exit up is not waited for much longer. */
  expectDeath(): void {
    this.#isKilled = true
    setTimeout(() => this.attached?.release(), RELEASE_MS).unref()
  }

  /** Whatever watched the command is given up. */
  abandon(): void {
    this.#observe({ type: 'monitor.lost' })
  }

  /** Lets go of it; a detached one lives on. */
  close(): void {
    const closed = new EngineClosedError()
    // First: what was asked for has not come to pass, though nobody waits for it any more.
    for (const reject of [...this.#stopFailures]) reject(closed)
    for (const answer of this.signalRequests.values()) answer(closed)
    this.#actor?.stop()
    this.detached?.close()
    this.attached?.release()
    this.#started.reject(closed)
    this.#exited.reject(closed)
    this.#over.resolve()
  }

  #onSnapshot(snapshot: Snapshot): void {
    const state = topLevel(snapshot)
    const { context } = snapshot
    if (state === 'configured') return
    // A stop that was asked for meanwhile passes `running` unseen.
    const runs = state === 'running' || state === 'stopping'
    if (runs && !this.#isWatched) this.#watch()
    if (context.failure !== undefined && state === 'running') this.#failStops(context.failure)
    if (state === 'exited' || state === 'failed') {
      this.#end(snapshot)
      return
    }
    const row = { ...this.#row, state: state as ExecState, process: context.process ?? null }
    const isFirstRun = runs && !this.#isStarted
    if (!isFirstRun && row.state !== 'starting' && row.state === this.#row.state) return
    this.#row = row
    this.#isStarted ||= runs
    const events = isFirstRun && this.request !== undefined ? [this.#startedEvent(context.process)] : []
    void this.#bearings.commit(...events).then(
      () => runs && this.#started.resolve(),
      (error) => runs && this.#started.reject(error),
    )
  }

  /** Its exit is told from now on: the chart has a place for it. */
  #watch(): void {
    this.#isWatched = true
    void this.attached?.exited.then((code) => {
      if (code >= 0) this.#observe({ type: 'exit.observed', code })
      // A runtime that had to be killed tells no code; the command was killed before it.
      else if (this.#isKilled) this.#observe({ type: 'exit.observed', code: SIGKILLED })
      else this.#observe({ type: 'monitor.lost' })
    })
    void this.detached?.exited.then((code) => {
      this.#observe(code === undefined ? { type: 'monitor.lost' } : { type: 'exit.observed', code })
    })
  }

  /** A session that was given up is over already. */
  #observe(observation: ExecObservation): void {
    if (this.#actor?.getSnapshot().status === 'active') this.#actor.send(observation)
  }

  #end({ context }: Snapshot): void {
    this.#bearings.forget()
    if (context.exit === undefined) this.#fail(context.failure)
    else this.#conclude(context.exit, context.process)
  }

  /** Nothing has run: its caller need not wait for the disk. */
  #fail(failure: unknown): void {
    const { name, id } = this.supervisor
    const thrown = typedError(failure, `a command in container ${name}`, { containerId: id })
    const error = thrown instanceof Error ? thrown : new RunchartError('EFAILED', String(thrown))
    this.#started.reject(error)
    this.#exited.reject(error)
    void this.#bearings
      .commit()
      .catch(() => {})
      .then(() => this.#finish())
  }

  #conclude({ code, cause }: ChartExit, process: ProcessFacts | undefined): void {
    const exited: SessionEvent = { type: 'exec.exited', sessionId: this.id, exitCode: code, cause }
    const isNews = this.request !== undefined && !this.#isStarted
    const events = isNews ? [this.#startedEvent(process), exited] : [exited]
    const exit = { code, cause, signal: code > 128 ? signalName(code - 128) : null }
    void this.#bearings.commit(...events).then(
      () => this.#finish(exit),
      (error) => this.#finish(exit, error),
    )
  }

  /** Over is over, but what could not be committed is told to nobody; its event follows when it is. */
  #finish(exit?: ExecExit, refusal?: Error): void {
    this.#clearAway()
    if (refusal !== undefined) {
      this.#started.reject(refusal)
      this.#exited.reject(refusal)
    } else if (exit !== undefined) {
      this.#started.resolve()
      this.#exited.resolve(exit)
    }
    this.#over.resolve()
  }

  #startedEvent(process: ProcessFacts | undefined): SessionEvent {
    const { id, command, detached } = this.#row
    const pid = process === undefined ? {} : { pid: process.pid }
    return { type: 'exec.started', sessionId: id, command, detached, ...pid }
  }

  #clearAway(): void {
    this.detached?.close()
    const socketsDir = this.supervisor.engine.paths.sockets
    try {
      removeSession({ sessionDir: this.directory, sessionId: this.id, socketsDir })
    } catch (error) {
      this.supervisor.logger.warn({ err: error, sessionId: this.id }, 'a session left files behind')
    }
  }

  #failStops(failure: unknown): void {
    const { id, name } = this.supervisor
    const error =
      failure === EXEC_OUTLIVED_KILL
        ? new StopTimeoutError(`session ${this.id.slice(0, 12)} of container ${name} outlived SIGKILL`, {
            containerId: id,
          })
        : (failure as Error)
    for (const reject of [...this.#stopFailures]) reject(error)
  }
}

function topLevel({ value }: Snapshot): string {
  return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')
}
