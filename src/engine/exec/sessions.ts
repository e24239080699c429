import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeSession } from '../../../effects/exec/stop.ts'
import { quote } from '../../../effects/quote.ts'
import { timestamp } from '../../clock.ts'
import { EngineClosedError, InvalidInputError, NotFoundError } from '../../errors.ts'
import { newId } from '../../spec/names.ts'
import type { ExecRow } from '../../store/records.ts'
import type { ExecInfo, SessionOptions } from '../../types.ts'
import { within } from '../monitor.ts'
import type { Supervisor } from '../supervisor.ts'
import { type ExecRequest, readExecRequest } from './request.ts'
import { Session, type SessionBearings } from './session.ts'

/** The chart gives a session that outlives SIGKILL back after 5 s; here it is given up a little later. */
const END_MS = 6_000
const SIGKILL = 9

/** The live sessions of one container. */
export class Sessions {
  readonly #supervisor: Supervisor
  readonly #sessions = new Map<string, Session>()
  #ending: Promise<void> | undefined
  #isLeaving = false
  #isClosed = false

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0
  }

  /** Whether the container's run is over for them: none is started any more. */
  get isEnding(): boolean {
    return this.#ending !== undefined
  }

  /** As they are to be committed. */
  rows(): ExecRow[] | undefined {
    return this.isEmpty ? undefined : [...this.#sessions.values()].map(({ row }) => row)
  }

  list(): ExecInfo[] {
    return this.all().map(({ row }) => {
      const { id, command, state, process, detached, startedAt } = row
      return { id, command, state, pid: process?.pid ?? null, detached, startedAt }
    })
  }

  /** All that somebody has asked for. */
  all(): Session[] {
    return [...this.#sessions.values()].filter(({ row }) => row.isProbe !== true)
  }

  /** By its id, or the unique start of it. Throws NotFoundError. */
  find(idOrStart: string): Session {
    if (idOrStart === '') throw new InvalidInputError('the id of a session cannot be empty')
    const exact = this.all().find(({ id }) => id === idOrStart)
    if (exact !== undefined) return exact
    const starts = this.all().filter(({ id }) => id.startsWith(idOrStart))
    if (starts.length === 1 && starts[0] !== undefined) return starts[0]
    const { name, id } = this.#supervisor
    throw new NotFoundError(`container ${name} has no live session ${quote(idOrStart)}`, {
      containerId: id,
      hint: starts.length > 1 ? 'give more of its id' : 'it has ended; the events tell its exit code',
    })
  }

  /** Runs a command; resolves once it runs. Throws IllegalTransitionError where the container does not run. */
  async start(command: string[], options: SessionOptions, purpose?: 'probe'): Promise<Session> {
    return this.#supervisor.engine.commands.take(() => this.#start(command, options, purpose))
  }

  async #start(command: string[], options: SessionOptions, purpose?: 'probe'): Promise<Session> {
    const { signal } = options
    signal?.throwIfAborted()
    this.#supervisor.assertRuns('exec')
    const request = await readExecRequest(command, options, this.#supervisor.spec())
    signal?.throwIfAborted()
    // The container may have moved on meanwhile.
    this.#supervisor.assertRuns('exec')
    const startedAt = timestamp(this.#supervisor.engine.world.clock)
    const { detach: detached } = request
    const begun = { state: 'starting', process: null, startedAt } as const
    const row = { id: newId(), command: request.command, detached, ...begun }
    const session = this.#add(purpose === 'probe' ? { ...row, isProbe: true } : row, request)
    await this.#await(session, signal)
    return session
  }

  async #await(session: Session, signal: AbortSignal | undefined): Promise<void> {
    const abandon = (): void => {
      session.starting.abort(signal?.reason)
      // It may run by now.
      session.stop(SIGKILL, 0).catch(() => {})
    }
    signal?.addEventListener('abort', abandon)
    session.begin()
    try {
      await session.started
      signal?.throwIfAborted()
    } catch (error) {
      // One that runs, but could not be recorded, has nobody that it belongs to.
      session.stop(SIGKILL, 0).catch(() => {})
      throw error
    } finally {
      if (session.row.detached || signal?.aborted === true) signal?.removeEventListener('abort', abandon)
      else void session.over.then(() => signal?.removeEventListener('abort', abandon))
    }
  }

  /** Takes over what an earlier engine had begun; resolves once the world was asked for each. */
  async recover(rows: readonly ExecRow[]): Promise<void> {
    const known = rows.filter(({ id }) => !this.#sessions.has(id))
    const sessions = known.map((row) => this.#add(row))
    for (const session of sessions) session.begin()
    this.#clearStrays()
    const asked = sessions.map((session) => Promise.race([session.started, session.over]).catch(() => {}))
    await within(Promise.all(asked).then(), END_MS)
  }

  /**
   * The container's run is over: whatever of the sessions lives is killed, and their exits are committed before the
   * container's own. Refuses new ones from now on, until the next run. Never rejects.
   */
  endAll(): Promise<void> {
    this.#ending ??= this.#end([...this.#sessions.values()], () =>
      this.#supervisor.refuse('exec', 'its run is over; start it again first', 'stopped'),
    )
    return this.#ending
  }

  /** A new run takes sessions again. */
  renew(): void {
    this.#ending = undefined
  }

  /** The engine closes: what is bound to it ends, and nothing that would be is begun. Never rejects. */
  endBound(): Promise<void> {
    this.#isLeaving = true
    const bound = [...this.#sessions.values()].filter(({ row }) => !row.detached)
    return this.#end(bound, () => new EngineClosedError())
  }

  /** Lets go of them all; what is detached lives on. */
  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions.values()) session.close()
  }

  /** What is left of sessions whose end was committed when the engine died, before it had cleared them away. */
  #clearStrays(): void {
    const { paths, engine } = this.#supervisor
    const directory = join(paths.runDirectory, 'exec')
    const ids = existsSync(directory) ? readdirSync(directory) : []
    for (const sessionId of ids.filter((id) => !this.#sessions.has(id))) {
      const sessionDir = join(directory, sessionId)
      removeSession({ sessionDir, sessionId, socketsDir: engine.paths.sockets })
    }
  }

  async #end(sessions: readonly Session[], why: () => Error): Promise<void> {
    await Promise.all(sessions.map((session) => this.#endOne(session, why)))
  }

  /** `why` is what the caller of a start hears that has not got to its end. */
  async #endOne(session: Session, why: () => Error): Promise<void> {
    session.starting.abort(why())
    session.stop(SIGKILL, 0).catch(() => {})
    // A frozen process dies when it is thawed, which is not waited for.
    if (await within(session.over, this.#supervisor.row.state === 'paused' ? 0 : END_MS)) return
    this.#supervisor.logger.warn({ sessionId: session.id }, 'a session did not end and is given up')
    session.abandon()
    await within(session.over, END_MS)
  }

  #add(row: ExecRow, request?: ExecRequest): Session {
    if (this.#isClosed || (this.#isLeaving && !row.detached)) throw new EngineClosedError()
    const session = new Session(this.#supervisor, row, this.#bearings(row), request)
    this.#sessions.set(row.id, session)
    return session
  }

  #bearings({ id, isProbe }: ExecRow): SessionBearings {
    return {
      commit: (...events) => this.#supervisor.recordSessions(this.rows(), isProbe ? [] : events),
      forget: () => this.#sessions.delete(id),
    }
  }
}
