import { mkdirSync } from 'node:fs'
import { quote } from '../../effects/quote.ts'
import { timestamp } from '../clock.ts'
import { EngineClosedError, NameTakenError, NotFoundError, StoreError } from '../errors.ts'
import { LiveSet } from '../live-set.ts'
import { makeRunDirectories, type Ownership } from '../root/ownership.ts'
import { currentHost } from '../spec/host.ts'
import { newId, validateName } from '../spec/names.ts'
import { toMilliseconds } from '../spec/options.ts'
import { readHealthCheck } from '../spec/policies/health.ts'
import { readRestartPolicy } from '../spec/policies/restart.ts'
import { readStopStages } from '../spec/policies/stop.ts'
import { parseSignal } from '../spec/signals.ts'
import type { Spec } from '../spec/types.ts'
import type { StoredEventStream } from '../store/event-stream.ts'
import type { ContainerFacts, ContainerRow, CreationKey, UnnumberedEvent } from '../store/records.ts'
import type {
  CallOptions,
  Container,
  ContainerInfo,
  CreateOptions,
  Engine,
  EngineEvent,
  ExitRecord,
  Pool,
  PoolOptions,
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../types.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { EngineContext } from './context.ts'
import { monitorSettings, validateMonitorOptions } from './creation/container.ts'
import { readPreserved } from './creation/descriptors.ts'
import { CreationKeys, creationKey } from './creation/keys.ts'
import { resumeAutoRemoval, watchAutoRemoval } from './ending/auto-remove.ts'
import type { WatchReport } from './exits/watch.ts'
import { ContainerHandle } from './handle.ts'
import { containerInfo, sharedInfo } from './live/info.ts'
import { within } from './monitor.ts'
import { ContainerPool, removePooled } from './pool/pool.ts'
import { NO_FACTS } from './row.ts'
import { Supervisor } from './supervisor.ts'
import * as verbs from './verbs.ts'
import { answerOfGone } from './waiting/gone.ts'
import { waitFor } from './waiting/wait.ts'
import { resting } from './work/resting.ts'
import type { WatchedExits } from './world/world.ts'

const DEFAULT_STOP_TIMEOUT = 10
/** Seconds that closing gives to what is under way. */
const DEFAULT_CLOSE_TIMEOUT = 10
/** How long opening waits for containers that are on their way; each goes on by itself. */
const SETTLE_MS = 10_000
/** How long closing waits for work that was cut off: what it leaves half done must not meet the next engine's. */
const CUT_OFF_MS = 5_000
const LONGEST_INTERVAL_MS = 2 ** 31 - 1

/** The engine that owns a root: its containers by id and by name, and the way from a witness to a chart. */
export class ContainerEngine implements Engine {
  readonly events: StoredEventStream
  readonly containers: LiveSet
  readonly #context: EngineContext
  readonly #owned: readonly Ownership[]
  readonly #supervisors = new Map<string, Supervisor>()
  readonly #idsByName = new Map<string, string>()
  readonly #keys = new CreationKeys()
  readonly #pools = new Set<ContainerPool>()
  /** An open engine keeps its process alive, as a listening server does. */
  readonly #alive = setInterval(() => {}, LONGEST_INTERVAL_MS)
  #watch: WatchedExits | undefined
  #closing: Promise<void> | undefined
  #isClosed = false

  constructor(context: EngineContext, events: StoredEventStream, owned: readonly Ownership[]) {
    this.#context = context
    this.events = events
    this.#owned = owned
    this.containers = new LiveSet(
      () => Array.from(this.#supervisors.values(), sharedInfo),
      (error) => context.logger.error({ err: error }, 'a consumer of containers threw'),
    )
  }

  get root(): string {
    return this.#context.paths.root
  }

  get runRoot(): string {
    return this.#context.paths.runRoot
  }

  /** Takes over what the store knows, and watches for exits; resolves once each container is where it truly is. */
  async recover(): Promise<void> {
    for (const row of this.#context.store.containers()) {
      const supervisor = this.#supervise(row)
      if (row.settings.key !== undefined) this.#keys.keep(row.settings.key, supervisor)
      resumeAutoRemoval(supervisor)
    }
    for (const supervisor of this.#supervisors.values()) {
      if (supervisor.row.state !== 'exited' && supervisor.row.state !== 'configured') supervisor.wake()
      if (supervisor.row.facts.pooled === true) void removePooled(supervisor)
    }
    // Each begins to ask the world, and with that takes over what an earlier engine had begun; an exit that is seen
    // before would cut that short.
    await this.#context.journal.committed().catch(() => {})
    await new Promise(setImmediate)
    this.#watch = this.#watchExits()
    await within(this.#settled(), SETTLE_MS)
  }

  /** The supervisor of a whole id. Throws NotFoundError. */
  supervisor(id: string): Supervisor {
    const supervisor = this.#supervisors.get(id)
    if (supervisor === undefined) throw new NotFoundError(`no container ${id}`)
    return supervisor
  }

  snapshot(): { containers: ContainerInfo[]; seq: number } {
    this.#assertOpen()
    const containers = [...this.#supervisors.values()].map(containerInfo)
    return { containers, seq: this.#context.store.lastSeq }
  }

  get(idOrName: string): Container {
    this.#assertOpen()
    return new ContainerHandle(this.#find(idOrName))
  }

  exitRecord(idOrName: string, generation?: number): ExitRecord {
    this.#assertOpen()
    const id = this.#lookUp(idOrName)?.id ?? idOrName
    const record = this.#context.store.exitRecord(id, generation)
    if (record !== undefined) return record
    throw new NotFoundError(`no exit of container ${quote(idOrName)} is on record`, {
      hint: 'it has not exited yet, or its record has been given up',
    })
  }

  async wait<For extends WaitCondition = 'exit'>(
    idOrName: string,
    options: WaitOptions<For> = {},
  ): Promise<WaitResults[For]> {
    this.#assertOpen()
    const supervisor = this.#lookUp(idOrName)
    if (supervisor !== undefined) return waitFor(supervisor, options)
    return answerOfGone(this.#context.store, idOrName, options)
  }

  create(options: CreateOptions, call: CallOptions = {}): Promise<Container> {
    return this.#context.commands.take(async () => new ContainerHandle(await this.#createOnce(options, call)))
  }

  pool(options: PoolOptions, { signal }: CallOptions = {}): Promise<Pool> {
    return this.#context.commands.take(async () => {
      signal?.throwIfAborted()
      const pool = new ContainerPool(options, {
        clock: this.#context.world.clock,
        make: (spec, abort) => this.#create(spec, { signal: abort }, { ...NO_FACTS, pooled: true }),
        onClosed: (closed) => this.#pools.delete(closed),
      })
      this.#pools.add(pool)
      await pool.fill(signal)
      return pool
    })
  }

  async close({
    timeout = DEFAULT_CLOSE_TIMEOUT,
    signal,
  }: CallOptions & { timeout?: number | undefined } = {}): Promise<void> {
    const timeoutMs = toMilliseconds('time to close', timeout)
    this.#closing ??= this.#close(timeoutMs)
    return unlessAborted(this.#closing, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #createOnce(options: CreateOptions, call: CallOptions): Promise<Supervisor> {
    call.signal?.throwIfAborted()
    const key = creationKey(options)
    if (key === undefined) return this.#create(options, call, NO_FACTS)
    return this.#keys.once(key, {
      signal: call.signal,
      make: () => this.#create(options, call, NO_FACTS, key),
      finish: async (supervisor) => {
        await this.#firstRun(supervisor, call.signal)
        return supervisor
      },
    })
  }

  async #create(
    options: CreateOptions,
    { signal }: CallOptions,
    facts: ContainerFacts,
    key?: CreationKey,
  ): Promise<Supervisor> {
    const id = newId()
    const name = options.name ?? id.slice(0, 12)
    validateName(name)
    this.#reserve(name, id)
    let supervisor: Supervisor
    try {
      const { creation, world } = this.#context
      const cgroupManager = validateMonitorOptions(options, creation)
      const preserveFds = readPreserved(options.preserveFds, creation.inherited.listenFds)
      const spec = await world.prepareSpec(id, options, { ...currentHost(), cgroupManager })
      signal?.throwIfAborted()
      // Reading the bundle may have taken longer than the engine had to close.
      if (this.#isClosed) throw new EngineClosedError()
      supervisor = this.#supervise({ ...this.#newRow(id, name, options, spec, key), facts }, spec)
      supervisor.preserveFds = preserveFds
      await supervisor.introduce()
    } catch (error) {
      this.#forget(id, name, undefined)
      throw error
    }
    await this.#firstRun(supervisor, signal)
    return supervisor
  }

  #newRow(
    id: string,
    name: string,
    options: CreateOptions,
    spec: Spec,
    key: CreationKey | undefined,
  ): Omit<ContainerRow, 'facts'> {
    const stopTimeout = options.stopTimeout ?? DEFAULT_STOP_TIMEOUT
    return {
      id,
      name,
      createdAt: timestamp(this.#context.world.clock),
      settings: {
        runtime: this.#context.runtime.path,
        command: spec.process.args,
        stopSignal: parseSignal(options.stopSignal ?? 'SIGTERM'),
        stopTimeout,
        stopStages: options.stopStages && readStopStages(options.stopStages),
        stdin: options.stdin === true,
        terminal: spec.process.terminal === true,
        network: options.network,
        autoRemove: options.autoRemove,
        labels: options.labels === undefined ? undefined : { ...options.labels },
        key,
        restart: readRestartPolicy(options),
        healthCheck: readHealthCheck(options),
        monitor: monitorSettings(id, options, spec, this.#context.creation),
      },
      state: 'configured',
      generation: 0,
    }
  }

  /** A container that could not be made is not kept: its name is free again, and its events say what happened. */
  async #firstRun(supervisor: Supervisor, signal: AbortSignal | undefined): Promise<void> {
    const abandon = (): void => supervisor.creation.abort(signal?.reason)
    signal?.addEventListener('abort', abandon)
    // It may have been while the intent was written.
    if (signal?.aborted === true) abandon()
    try {
      await verbs.createRun(supervisor)
    } catch (error) {
      if (error instanceof StoreError || supervisor.row.state === 'configured')
        await this.#discard(supervisor)
      throw error
    } finally {
      signal?.removeEventListener('abort', abandon)
      // Their numbers may be another file's by the next run.
      supervisor.preserveFds = []
    }
  }

  /** Where the store cannot be written, it goes when it can; nobody is made to wait for that. Never rejects. */
  async #discard(supervisor: Supervisor): Promise<void> {
    try {
      await verbs.remove(supervisor, true)
    } catch (error) {
      if (error instanceof StoreError) {
        void this.#context.journal.durable().then(() => this.#discard(supervisor))
      } else {
        supervisor.logger.warn({ err: error }, 'a container that could not be made is still there')
      }
    }
  }

  #supervise(row: ContainerRow, spec?: Spec): Supervisor {
    const bearings = {
      tell: (event: EngineEvent) => this.events.tell(event),
      changed: () => this.containers.changed(),
      doubtWatch: (wasWritten: boolean) => this.#watch?.doubt(row.id, wasWritten),
      onRemoved: () => this.#forget(row.id, row.name, row.settings.key),
    }
    const supervisor = new Supervisor(this.#context, row, bearings, spec)
    watchAutoRemoval(supervisor)
    supervisor.policies.begin()
    this.#supervisors.set(row.id, supervisor)
    this.containers.changed()
    this.#idsByName.set(row.name, row.id)
    return supervisor
  }

  #reserve(name: string, id: string): void {
    const holder = this.#idsByName.get(name)
    if (holder !== undefined) {
      throw new NameTakenError(`the name ${name} is taken by container ${holder.slice(0, 12)}`, {
        containerId: holder,
        hint: 'choose another name, or remove that container',
      })
    }
    this.#idsByName.set(name, id)
  }

  #forget(id: string, name: string, key: CreationKey | undefined): void {
    this.#supervisors.delete(id)
    this.containers.changed()
    this.#idsByName.delete(name)
    if (key !== undefined) this.#keys.release(key)
  }

  #find(idOrName: string): Supervisor {
    const found = this.#lookUp(idOrName)
    if (found !== undefined) return found
    throw new NotFoundError(`no container has the id or name ${quote(idOrName)}`, {
      hint: 'list them all with ps -a',
    })
  }

  /** A name comes before an id, a whole id before the start of one. */
  #lookUp(idOrName: string): Supervisor | undefined {
    const id = this.#idsByName.get(idOrName) ?? idOrName
    const exact = this.#supervisors.get(id)
    if (exact !== undefined || idOrName === '') return exact
    const starts = [...this.#supervisors.values()].filter((supervisor) => supervisor.id.startsWith(idOrName))
    if (starts.length > 1) {
      throw new NotFoundError(`${starts.length} containers have an id that starts with ${quote(idOrName)}`, {
        hint: 'give more of the id',
      })
    }
    return starts[0]
  }

  /** Only once the containers of the store have woken: until then their exit files would be nobody's. */
  #watchExits(): WatchedExits {
    const { paths, store, logger, world } = this.#context
    return world.watchExits({
      dir: paths.exits,
      expected: () => [...this.#supervisors.values()].filter(({ mayExit }) => mayExit).map(({ id }) => id),
      isExpected: (id) => this.#supervisors.get(id)?.mayExit === true,
      look: (id) => this.#supervisors.get(id)?.observeExit(),
      mend: () => this.#makeDirectories(),
      report: (report) => this.#report(report),
      wasDegraded: store.isWatchDegraded,
      logger,
    })
  }

  /** What conmon writes to: without the run's own directory it would not write an exit file elsewhere either. */
  #makeDirectories(): void {
    makeRunDirectories(this.#context.paths)
    for (const supervisor of this.#supervisors.values()) {
      if (supervisor.isAlive) mkdirSync(supervisor.paths.runDirectory, { recursive: true, mode: 0o700 })
    }
  }

  #report(report: WatchReport): void {
    const nobody = { containerId: null, name: null, generation: null }
    const at = timestamp(this.#context.world.clock)
    const event: UnnumberedEvent = { ...report, at, ...nobody }
    const told = (committed: EngineEvent | undefined): void => {
      if (committed !== undefined) this.events.tell(committed)
    }
    this.#context.journal.append({ commit: { event }, told })
  }

  /** Resolves once nothing that was asked for is under way, and no container is on its way. */
  async #settled(): Promise<void> {
    const { commands, effects } = this.#context
    for (;;) {
      const moving = [...this.#supervisors.values()].filter((supervisor) => !supervisor.isSettled)
      if (moving.length === 0 && commands.isEmpty && effects.isEmpty) return
      await Promise.all([
        commands.settled(),
        effects.settled(),
        ...moving.map((one) => resting(one).catch(() => {})),
      ])
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    const { commands, effects, journal } = this.#context
    commands.close()
    try {
      for (const { policies } of this.#supervisors.values()) policies.leave()
      const drained = [...this.#pools].map((pool) => pool.close())
      const bound = [...this.#supervisors.values()].map(({ sessions }) => sessions.endBound())
      // What waits for the disk does not settle while that is full.
      const settled = journal.isBehind ? undefined : this.#settled()
      await within(Promise.all([settled, ...drained, ...bound]), timeoutMs)
      this.#letGo()
      await within(effects.settled(), CUT_OFF_MS)
      await journal.close()
    } finally {
      clearInterval(this.#alive)
      this.events.end()
      this.containers.end()
      this.#context.store.close()
      for (const ownership of this.#owned) ownership.release()
    }
  }

  /** What is still under way is cut off, and is the next engine's. */
  #letGo(): void {
    this.#isClosed = true
    this.#watch?.close()
    for (const supervisor of this.#supervisors.values()) {
      if (!supervisor.isSettled) {
        const { state } = supervisor.row
        supervisor.logger.warn({ state }, 'the engine closes in the middle of this; the next one goes on')
      }
      supervisor.close()
    }
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new EngineClosedError()
  }
}
