import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { type Actor, createActor, type SnapshotFrom } from 'xstate'
import {
  CONTAINER_COMMANDS,
  type ContainerCommand,
  type ContainerEvent,
  type ContainerObservation,
  type containerMachine,
  type ExitEvidence,
  type KnownContainer,
  type ProcessFacts,
} from '../../machines/index.ts'
import { timestamp } from '../clock.ts'
import { EngineClosedError, IllegalTransitionError, type StoreError } from '../errors.ts'
import { type ContainerPaths, containerPaths } from '../root/paths.ts'
import type { Spec } from '../spec/types.ts'
import type { JournalEntry } from '../store/journal.ts'
import type {
  ContainerCommit,
  ContainerFacts,
  ContainerRow,
  ContainerSettings,
  ExecRow,
  UnnumberedEvent,
} from '../store/records.ts'
import type { ContainerState, EngineEvent, ExitRecord } from '../types.ts'
import type { EngineContext } from './context.ts'
import { removeMonitorPidFile } from './creation/clear.ts'
import { askerOfState, withAsker } from './ending/askers.ts'
import { Readers } from './ending/readers.ts'
import type { SessionEvent } from './exec/session.ts'
import { Sessions } from './exec/sessions.ts'
import { Policies } from './policies/policies.ts'
import type { PolicyEvent } from './policies/restarts.ts'
import { endsRun, errorOf, losesMonitor, nextRow } from './row.ts'
import { withOwnRuntime } from './runtime/own-runtime.ts'
import { findEvidence } from './witness/evidence.ts'
import { Witnesses } from './witness/witnesses.ts'

type Snapshot = SnapshotFrom<typeof containerMachine>

/** A commit of one container that everyone may now know of. */
export interface Change {
  from: ContainerState
  to: ContainerState
  row: ContainerRow
  /** What the last failed effect threw. */
  failure: Error | undefined
  /** Counts the changes of one container, from 1 on, as they come about. */
  nth: number
}

/** Who gives a command. */
export interface Asking {
  /** In their own words. */
  by?: string | undefined
  /** Not the user but a policy of the container's. */
  isPolicy?: boolean
}

/** Hears of each change; a `closed` engine tells no more. */
export type ChangeListener = (change: Change | 'closed') => void

/** Hears that the store does not take a change for now. */
export type RefusalListener = (error: StoreError) => void

/** What a container's row does not say of its chart. */
interface Bearings {
  tell: (event: EngineEvent) => void
  /** Its row is another one now. */
  changed: () => void
  /** See {@link Supervisor.doubtWatch}. */
  doubtWatch: (wasWritten: boolean) => void
  /** The container is gone for good. */
  onRemoved: () => void
}

/**
 * Owns one container's actor: gives it effects, commits its transitions, and tells of them afterwards. The
 * actor itself is never handed out.
 */
export class Supervisor {
  readonly id: string
  readonly name: string
  readonly settings: ContainerSettings
  readonly engine: EngineContext
  readonly paths: ContainerPaths
  readonly logger: Logger
  /** Aborted where the caller of `create` gives up. */
  readonly creation = new AbortController()
  /** Descriptors that its caller hands over to its first run, while that is made. */
  preserveFds: readonly number[] = []
  /** Commands that run in it besides its own. */
  readonly sessions: Sessions
  /** Who tells of the end of its run. */
  readonly witnesses: Witnesses
  /** What is done with it without being asked for. */
  readonly policies: Policies
  /** Whoever reads its log. */
  readonly readers = new Readers()
  /** Requests of `kill` that wait for their signal to be delivered. */
  readonly signalRequests = new Map<number, (outcome: Error | undefined) => void>()
  readonly #bearings: Bearings
  readonly #listeners = new Map<ChangeListener, RefusalListener | undefined>()
  #committed: ContainerRow
  /** The newest row, on its way to disk. */
  #newest: ContainerRow
  #known: KnownContainer | undefined
  #spec: Spec | undefined
  #actor: Actor<typeof containerMachine> | undefined
  /** The last run whose exit was seen. */
  #exitSeen = 0
  /** What the chart's last failed effect threw. */
  #thrown: unknown
  #request = 0
  #changeCount = 0
  #closed = false

  /** With `spec` the container is new and its first commit is made; without, it is one the store knew. */
  constructor(engine: EngineContext, row: ContainerRow, bearings: Bearings, spec?: Spec) {
    this.id = row.id
    this.name = row.name
    this.settings = row.settings
    this.engine = withOwnRuntime(engine, row.settings)
    this.paths = containerPaths(engine.paths, row.id)
    this.logger = engine.logger.child({ containerId: row.id })
    this.sessions = new Sessions(this)
    this.witnesses = new Witnesses(this)
    this.#bearings = bearings
    this.#committed = row
    this.#newest = row
    this.#spec = spec
    this.#known = spec === undefined ? knownFrom(row) : undefined
    this.policies = new Policies(this)
  }

  /** The row as committed. */
  get row(): ContainerRow {
    return this.#committed
  }

  /** How its last run ended, committed or not; null while another is under way. */
  get lastExit(): ExitRecord | null {
    return this.#newest.facts.exit
  }

  /** The container's first process; undefined where none is known. */
  get process(): ProcessFacts | undefined {
    return this.#actor?.getSnapshot().context.process
  }

  spec(): Spec {
    return this.#spec ?? this.engine.store.spec(this.id)
  }

  /** Commits the row of a container that is new. Throws StoreError, and leaves nothing, where that cannot be. */
  async introduce(): Promise<void> {
    const row = this.#committed
    const event: UnnumberedEvent = {
      type: 'state',
      ...stamp(row, row.createdAt),
      from: null,
      to: row.state,
    }
    await this.engine.journal.appendNow(this.#entry({ row, spec: this.#spec, event }))
    // From here on the store keeps it.
    this.#spec = undefined
  }

  /** Starts the actor, and with it the asking of the world where the container's row is one that needs it. */
  wake(): void {
    this.#running()
  }

  /** Whether a process of the container may be alive. */
  get isAlive(): boolean {
    return this.#actor?.getSnapshot().hasTag('alive') ?? false
  }

  /** Whether an exit file in its name may be its own: a process may be alive, or something is under way. */
  get mayExit(): boolean {
    return this.isAlive || !this.isSettled
  }

  /** Whether the container rests: nothing is under way that would move it by itself, but its process. */
  get isSettled(): boolean {
    const snapshot = this.#actor?.getSnapshot()
    return this.#closed || snapshot?.status !== 'active' || snapshot.hasTag('settled')
  }

  /** Whether the engine has let go of it. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** Throws EngineClosedError once the engine has let go. */
  assertOpen(): void {
    if (this.#closed) throw new EngineClosedError()
  }

  /**
   * Gives the chart a command; one of the user's is a wish too, which a policy's is not. Throws IllegalTransitionError
   * where its state does not take it.
   */
  command(command: ContainerCommand, { by, isPolicy = false }: Asking = {}): void {
    this.assertTakes(command)
    if (!isPolicy) this.policies.wish(command)
    if (by !== undefined) {
      this.#newest = withAsker(this.#newest, command, by)
      // Where the chart stays where it is, nothing else would.
      this.#append({ row: this.#newest })
    }
    this.#running().send(command)
  }

  /** Throws IllegalTransitionError where the chart's state does not take the command. */
  assertTakes(command: ContainerCommand): void {
    this.assertOpen()
    const snapshot = this.#running().getSnapshot()
    if (!snapshot.can(command)) throw this.#refusal(command, snapshot)
  }

  /** Throws IllegalTransitionError, naming what was asked, where the container's own process does not run. */
  assertRuns(asked: string): void {
    this.assertOpen()
    const snapshot = this.#running().getSnapshot()
    const state = topLevel(snapshot)
    if (state === 'running' && !this.sessions.isEnding) return
    const hint = state === 'paused' ? 'resume it first' : 'it needs a container that is running'
    // One whose exit is known only waits for those of its sessions.
    throw this.refuse(asked, hint, state === 'running' ? 'stopped' : state)
  }

  /** Commits the live sessions, with events of theirs; resolves once they may be told, rejects where not yet. */
  recordSessions(execs: ExecRow[] | undefined, events: readonly SessionEvent[]): Promise<void> {
    const { execs: _, ...facts } = this.#newest.facts
    this.#newest = { ...this.#newest, facts: execs === undefined ? facts : { ...facts, execs } }
    const row = this.#newest
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#appendEvents(row, events)
    this.engine.journal.append({ ...this.#entry({ row }, undefined, resolve), refused: reject })
    return promise
  }

  /** Somebody has taken it out of its pool. Rejects with StoreError, and it is in there still, where that cannot be. */
  async leavePool(): Promise<void> {
    const { pooled: _, ...facts } = this.#newest.facts
    this.#newest = { ...this.#newest, facts }
    try {
      await this.engine.journal.appendNow(this.#entry({ row: this.#newest }))
    } catch (error) {
      this.#newest = { ...this.#newest, facts: { ...this.#newest.facts, pooled: true } }
      throw error
    }
  }

  /** Commits what the policies have come to by themselves, with events of theirs. */
  recordPolicies(events: readonly PolicyEvent[]): void {
    this.#newest = this.policies.onto(this.#newest)
    const row = this.#newest
    this.#appendEvents(row, events.slice(0, -1))
    const last = events.slice(-1).map((event) => ({ ...stamp(row, this.#now()), ...event }))[0]
    this.#append({ row, event: last }, undefined, () => this.policies.told())
  }

  /** How many changes have come about; the last ones may not be told yet. */
  get changeCount(): number {
    return this.#changeCount
  }

  /** A number that tells one `kill` from another. */
  nextRequest(): number {
    this.#request += 1
    return this.#request
  }

  listen(listener: ChangeListener, refused?: RefusalListener): () => void {
    this.#listeners.set(listener, refused)
    return () => this.#listeners.delete(listener)
  }

  /** Puts a signal that is about to be sent on the stream. Rejects with StoreError, and tells nobody, where it cannot. */
  recordSignal(signal: string, by?: string): Promise<void> {
    const row = this.#newest
    const base = stamp(row, this.#now())
    const event: UnnumberedEvent = { type: 'signal', ...base, signal, ...(by !== undefined && { by }) }
    return this.engine.journal.appendNow(this.#entry({ row, event }))
  }

  /** Whether the chart's state has a place for it. */
  takes(event: ContainerEvent): boolean {
    return !this.#closed && this.#actor?.getSnapshot().can(event) === true
  }

  /** Gives the chart what was seen; the engine may have let go meanwhile. */
  observe(observation: ContainerObservation): void {
    if (!this.#closed) this.#actor?.send(observation)
  }

  /**
   * Looks at the exit file, whoever pointed at it. True where it held evidence for the chart. Throws where it cannot be
   * looked at now.
   */
  observeExit(): boolean {
    if (!this.isAlive) return false
    const actor = this.#actor
    const evidence = this.exitEvidence()
    if (evidence === undefined || actor === undefined) return false
    this.#exitSeen = actor.getSnapshot().context.generation
    this.tellExit(evidence, this.#exitSeen)
    return true
  }

  /** Whether the exit of that run has been seen, though it may not be told yet. */
  hasSeenExit(generation: number): boolean {
    return this.#exitSeen === generation
  }

  /**
   * conmon has ended, and nobody had seen the exit until then; `wasWritten` says whether it had written one all the
   * same.
   */
  doubtWatch(wasWritten: boolean): void {
    this.#bearings.doubtWatch(wasWritten)
  }

  /** Gives the chart the exit of a run. The exits of its sessions are committed before its own. */
  tellExit(seen: ExitEvidence, generation: number): void {
    const evidence = { ...seen, ...this.engine.world.usage(this) }
    const tell = () => this.observe({ type: 'exit.observed', generation, evidence })
    if (this.sessions.isEmpty && !this.sessions.isEnding) tell()
    else void this.sessions.endAll().then(tell)
  }

  /** What proves that the run is over, if anything does. */
  exitEvidence(): ExitEvidence | undefined {
    const { exits } = this.engine.paths
    const { runDirectory } = this.paths
    return findEvidence({ id: this.id, exits, runDirectory, process: this.process, logger: this.logger })
  }

  /** Lets go of the container, which lives on; what was at work on it is aborted. */
  close(): void {
    this.#closed = true
    for (const answer of this.signalRequests.values()) answer(new EngineClosedError())
    this.sessions.close()
    this.policies.close()
    this.#actor?.stop()
    this.witnesses.release()
    this.#tell('closed')
    this.#listeners.clear()
  }

  #now(): string {
    return timestamp(this.engine.world.clock)
  }

  #running(): Actor<typeof containerMachine> {
    if (this.#actor !== undefined) return this.#actor
    const { chart, actorOptions } = this.engine
    const input = { id: this.id, known: this.#known }
    const actor = createActor(chart, { input, ...actorOptions })
    this.#actor = actor
    this.#known = undefined
    // Without an error observer a fault of one chart would end the process.
    actor.subscribe({
      next: (snapshot) => this.#onSnapshot(snapshot),
      error: (error) => this.logger.error({ err: error }, 'the container’s chart failed'),
    })
    actor.start()
    return actor
  }

  #onSnapshot(snapshot: Snapshot): void {
    const state = topLevel(snapshot)
    const before = this.#newest
    const at = this.#now()
    const next = nextRow(before, state, snapshot.context, at)
    const { failure: thrown } = snapshot.context
    const failure = errorOf(thrown, this)
    // The same words again are another failure, which somebody may wait for.
    if (state === before.state && sameFacts(before, next) && thrown === this.#thrown) return
    this.#thrown = thrown
    const { row, events } = this.policies.follow(before, next)
    this.#newest = row
    if (row.generation !== before.generation) this.sessions.renew()
    const event = state === before.state ? undefined : stateEvent(before, row, at)
    const exit = endsRun(before.state, state) ? (row.facts.exit ?? undefined) : undefined
    if (WITHOUT_MONITOR.has(before.state) && snapshot.hasTag('alive')) this.witnesses.watch(row.generation)
    if (losesMonitor(before, row)) {
      const clear = () => removeMonitorPidFile(this, before.facts.monitor)
      this.#append({ row, event: lossEvent(row, at) }, undefined, clear)
    }
    this.#changeCount += 1
    const change = { from: before.state, to: state, row, failure, nth: this.#changeCount }
    this.#append({ row, event, exit }, change)
    this.#appendEvents(row, events)
  }

  #appendEvents(row: ContainerRow, events: readonly (SessionEvent | PolicyEvent)[]): void {
    const at = this.#now()
    for (const event of events) this.#append({ row, event: { ...stamp(row, at), ...event } })
  }

  #append(commit: ContainerCommit, change?: Change, done?: () => void): void {
    this.engine.journal.append(this.#entry(commit, change, done))
  }

  #entry(commit: ContainerCommit, change?: Change, done?: () => void): JournalEntry {
    const told = (event: EngineEvent | undefined): void => {
      this.#committed = commit.row
      this.#bearings.changed()
      if (event !== undefined) this.#bearings.tell(event)
      done?.()
      if (change === undefined) return
      this.#tell(change)
      if (change.to === 'removed') this.#leave()
    }
    const refused = (error: StoreError): void => {
      for (const listener of [...this.#listeners.values()]) listener?.(error)
    }
    return { commit, told, refused: change && refused }
  }

  #tell(news: Change | 'closed'): void {
    for (const listener of [...this.#listeners.keys()]) listener(news)
  }

  #leave(): void {
    this.witnesses.release()
    this.#bearings.onRemoved()
  }

  /** The error of what a state does not take and the chart has no command for. */
  refuse(event: string, hint: string, state?: ContainerState): IllegalTransitionError {
    const snapshot = this.#running().getSnapshot()
    const allowed = CONTAINER_COMMANDS.filter((type) => snapshot.can(sample(type, { type: 'create' })))
    const transition = { state: state ?? topLevel(snapshot), event, allowed }
    return new IllegalTransitionError(transition, this.name, { containerId: this.id, hint })
  }

  #refusal(command: ContainerCommand, snapshot: Snapshot): IllegalTransitionError {
    const allowed = CONTAINER_COMMANDS.filter((type) => snapshot.can(sample(type, command)))
    const transition = { state: topLevel(snapshot), event: command.type, allowed }
    const forced = command.type === 'remove' && snapshot.can({ type: 'remove', force: true })
    return new IllegalTransitionError(transition, this.name, {
      containerId: this.id,
      hint: forced
        ? 'stop it first, or remove it with force'
        : 'wait for a state that takes it, or see what it is doing with inspect',
    })
  }
}

/** States that take no end of conmon: it is being made, or asked for. */
const WITHOUT_MONITOR: ReadonlySet<ContainerState> = new Set(['creating', 'restoring', 'reconciling'])

const NO_IMAGE = { imagePath: '', tcpEstablished: false }

/** A command of each kind, to ask a chart whether it would take one; no guard looks at more than `force`. */
function sample(type: ContainerCommand['type'], asked: ContainerCommand): ContainerCommand {
  switch (type) {
    case 'stop':
      return { type, signal: 15, graceMs: 1 }
    case 'kill':
      return { type, signal: 15, request: 0 }
    case 'checkpoint':
      return { type, leaveRunning: false, ...NO_IMAGE }
    case 'restore':
      return { type, ...NO_IMAGE }
    case 'remove':
      return { type, force: asked.type === 'remove' && asked.force }
    default:
      return { type }
  }
}

function topLevel(snapshot: Snapshot): ContainerState {
  const { value } = snapshot
  return (typeof value === 'string' ? value : Object.keys(value)[0]) as ContainerState
}

function sameFacts(a: ContainerRow, b: ContainerRow): boolean {
  return a.generation === b.generation && isDeepStrictEqual(asStored(a.facts), asStored(b.facts))
}

/** Without what is undefined; in which order facts came to be says nothing. */
const asStored = (facts: ContainerFacts): unknown => JSON.parse(JSON.stringify(facts))

const stamp = ({ id, name, generation }: ContainerRow, at: string) => ({
  at,
  containerId: id,
  name,
  generation,
})

const lossEvent = (row: ContainerRow, at: string): UnnumberedEvent => ({
  type: 'monitor.lost',
  ...stamp(row, at),
})

function stateEvent(before: ContainerRow, row: ContainerRow, at: string): UnnumberedEvent {
  const { process, exit, error, askers } = row.facts
  const by = askerOfState(askers, row.state)
  return {
    type: 'state',
    ...stamp(row, at),
    from: before.state,
    to: row.state,
    ...(process !== null && exit === null && { pid: process.pid }),
    ...(exit !== null && { exitCode: exit.code }),
    ...(error !== null && { error }),
    ...(by !== undefined && { by }),
  }
}

function knownFrom({ state, generation, facts }: ContainerRow): KnownContainer {
  return {
    state: facts.before ?? state,
    generation,
    process: facts.process ?? undefined,
    monitor: facts.monitor ?? undefined,
    exit: state === 'configured' ? undefined : (facts.exit ?? undefined),
    stop: facts.stop ?? undefined,
  }
}
