/**
 * An engine without containers behind it, for what real ones cannot be brought to do on cue: wait for ever,
 * fail in the middle of a stream, write faster than anyone reads.
 */
import { randomBytes } from 'node:crypto'
import { Observable, Subject } from 'rxjs'
import { IllegalTransitionError, NameTakenError, NotFoundError } from '../../src/errors.ts'
import type {
  Attachment,
  Container,
  ContainerInfo,
  ContainerState,
  CreateOptions,
  EndOptions,
  Engine,
  EngineEvent,
  EventStream,
  ExecInfo,
  ExecResult,
  ExecSession,
  ExitRecord,
  LiveContainers,
  LogLine,
  ProcessInfo,
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../../src/types.ts'

/** Events of the fake: kept in an array. */
class FakeEvents extends Observable<EngineEvent> implements EventStream {
  readonly committed: EngineEvent[] = []
  readonly live = new Subject<EngineEvent>()
  /** How many iterators are open. */
  readers = 0

  constructor() {
    super((subscriber) => this.live.subscribe(subscriber))
  }

  get last(): number {
    return this.committed.length
  }

  push(event: EngineEvent): void {
    this.committed.push(event)
    this.live.next(event)
  }

  *past(seq: number): Iterable<EngineEvent> {
    yield* this.committed.filter((event) => event.seq > seq)
  }

  filter(): EventStream {
    return this
  }

  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent> {
    const stream = new Observable<EngineEvent>()
    return Object.assign(stream, { [Symbol.asyncIterator]: () => this.#read(seq) })
  }

  [Symbol.asyncIterator](): AsyncIterator<EngineEvent> {
    return this.#read(this.committed.length)
  }

  #read(seq: number): AsyncIterator<EngineEvent> {
    let next = seq
    this.readers += 1
    return {
      next: async () => {
        while (this.committed.length <= next) await new Promise((resolve) => this.live.subscribe(resolve))
        next += 1
        return { done: false, value: this.committed[next - 1] as EngineEvent }
      },
      return: async () => {
        this.readers -= 1
        return { done: true, value: undefined }
      },
    }
  }
}

/** Says which waits were let go, and lets a test decide when a container exits and what it logs. */
export class FakeEngine implements Engine {
  readonly root = '/fake/root'
  readonly runRoot: string
  readonly events = new FakeEvents()
  readonly made = new Map<string, FakeContainer>()
  readonly containers: LiveContainers = Object.assign(new Observable<readonly ContainerInfo[]>(), {
    value: [],
  })
  readonly exits = new Map<string, ExitRecord>()
  /** Calls whose signal aborted. */
  readonly letGo: string[] = []
  created: CreateOptions | undefined

  constructor(runRoot: string) {
    this.runRoot = runRoot
  }

  snapshot(): { containers: ContainerInfo[]; seq: number } {
    const containers = [...this.made.values()].map((container) => container.inspect())
    return { containers, seq: this.events.committed.length }
  }

  async create(options: CreateOptions): Promise<FakeContainer> {
    const { name } = options
    if ([...this.made.values()].some((one) => one.name === name)) {
      throw new NameTakenError(`the name ${name} is taken`, { hint: 'choose another' })
    }
    this.created = options
    const container = new FakeContainer(this, name ?? 'unnamed')
    this.made.set(container.id, container)
    container.become('created')
    return container
  }

  pool(): Promise<never> {
    return Promise.reject(new Error('the socket has no pools'))
  }

  get(ref: string): FakeContainer {
    for (const container of this.made.values()) {
      if (container.name === ref || container.id.startsWith(ref)) return container
    }
    throw new NotFoundError(`no container ${JSON.stringify(ref)}`)
  }

  exitRecord(ref: string): ExitRecord {
    const record = this.exits.get(ref)
    if (record === undefined) throw new NotFoundError(`no exit record of ${JSON.stringify(ref)}`)
    return record
  }

  async wait<For extends WaitCondition = 'exit'>(
    ref: string,
    options?: WaitOptions<For>,
  ): Promise<WaitResults[For]> {
    const record = this.exits.get(ref)
    const isGone = ![...this.made.values()].some(({ name }) => name === ref)
    return isGone && record !== undefined ? (record as WaitResults[For]) : this.get(ref).wait(options)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A container of the fake; `exit` and `log` are the test's levers. */
export class FakeContainer implements Container {
  readonly id = randomBytes(32).toString('hex')
  readonly name: string
  state: ContainerState = 'configured'
  generation = 0
  /** What `logs` gives. */
  log: () => AsyncIterable<LogLine> = async function* () {}
  /** What the last `stop` and `kill` were given. */
  asked: unknown
  readonly #engine: FakeEngine
  readonly #exits = new Subject<ExitRecord>()

  constructor(engine: FakeEngine, name: string) {
    this.#engine = engine
    this.name = name
  }

  is<Asked extends ContainerState>(...states: readonly Asked[]): this is Container<Asked> {
    return (states as readonly ContainerState[]).includes(this.state)
  }

  become(to: ContainerState): void {
    const from = this.state
    this.state = to
    const { committed } = this.#engine.events
    const base = { version: 1, at: new Date(0).toISOString(), containerId: this.id, name: this.name } as const
    this.#engine.events.push({
      ...base,
      seq: committed.length + 1,
      type: 'state',
      generation: this.generation,
      from,
      to,
    })
  }

  exit(code: number): void {
    this.become('exited')
    const record = this.#record(code)
    this.#engine.exits.set(this.name, record)
    this.#exits.next(record)
  }

  inspect(): ContainerInfo {
    return { ...BLANK, id: this.id, name: this.name, state: this.state, generation: this.generation }
  }

  async create(): Promise<Container<'created'>> {
    this.become('created')
    return this as Container as Container<'created'>
  }

  async start(): Promise<Container<'running'>> {
    if (this.state !== 'created') {
      const refused = { state: this.state, event: 'start', allowed: ['stop', 'kill'] }
      throw new IllegalTransitionError(refused, this.name, { containerId: this.id })
    }
    this.generation += 1
    this.become('running')
    return this as Container as Container<'running'>
  }

  async stop(options: EndOptions & { timeout?: number | undefined } = {}): Promise<ExitRecord> {
    this.asked = options.by === undefined ? options.timeout : [options.timeout, options.by]
    this.exit(143)
    return this.#record(143)
  }

  async kill(signal?: string | number, { by }: EndOptions = {}): Promise<void> {
    this.asked = by === undefined ? signal : [signal, by]
  }

  async pause(): Promise<Container<'paused'>> {
    this.become('paused')
    return this as Container as Container<'paused'>
  }

  async resume(): Promise<Container<'running'>> {
    this.become('running')
    return this as Container as Container<'running'>
  }

  /** Until its next exit, whatever is asked for. */
  wait<For extends WaitCondition = 'exit'>(options: WaitOptions<For> = {}): Promise<WaitResults[For]> {
    const { signal } = options
    this.asked = { ...options, signal: undefined }
    const exit = new Promise<ExitRecord>((resolve, reject) => {
      this.#exits.subscribe(resolve)
      signal?.addEventListener('abort', () => {
        this.#engine.letGo.push('wait')
        reject(signal.reason)
      })
    })
    return exit as Promise<WaitResults[For]>
  }

  logs(): AsyncIterable<LogLine> {
    return this.log()
  }

  /** What `attach` gives. */
  attachment: () => Promise<Attachment> = () => Promise.reject(new Error('nothing to attach to'))

  attach(): Promise<Attachment> {
    return this.attachment()
  }

  async exec(command: string[]): Promise<ExecResult> {
    this.asked = command
    return { exitCode: 0, signal: null, stdout: 'out', stderr: '', truncated: false }
  }

  execSession(): Promise<ExecSession> {
    throw new Error('a fake runs no session')
  }

  execs(): ExecInfo[] {
    return []
  }

  async execStop(options?: unknown): Promise<void> {
    this.asked = options
  }

  async execKill(session: string, signal?: string | number): Promise<void> {
    this.asked = [session, signal]
  }

  async checkpoint(options?: unknown): Promise<void> {
    this.asked = options
    this.become('exited')
  }

  async restore(options?: unknown): Promise<Container<'running'>> {
    this.asked = options
    this.become('running')
    return this as Container as Container<'running'>
  }

  async cleanup(): Promise<void> {
    this.become('exited')
  }

  async refresh(): Promise<ContainerInfo> {
    return this.inspect()
  }

  async top(): Promise<ProcessInfo[]> {
    const startedAt = new Date(0).toISOString()
    return [{ pid: 10, ppid: 9, uid: 0, startedAt, cpuMs: 20, command: ['sh'] }]
  }

  async remove(options?: unknown): Promise<void> {
    this.asked = options
    this.#engine.made.delete(this.id)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #record(code: number): ExitRecord {
    return {
      containerId: this.id,
      name: this.name,
      generation: this.generation,
      code,
      signal: null,
      oomKilled: false,
      cause: 'exited',
      by: null,
      startedAt: null,
      finishedAt: new Date(0).toISOString(),
      cpuMs: null,
      memoryPeak: null,
    }
  }
}

const BLANK: Omit<ContainerInfo, 'id' | 'name' | 'state' | 'generation'> = {
  pid: null,
  exitCode: null,
  createdAt: new Date(0).toISOString(),
  startedAt: null,
  finishedAt: null,
  exit: null,
  error: null,
  monitorPid: null,
  runtime: '/usr/bin/runc',
  bundle: '/b',
  logPath: '/l',
  terminal: false,
  stdin: false,
  command: ['true'],
  stopSignal: 'SIGTERM',
  stopTimeout: 10,
  stopStages: null,
  cgroupManager: 'cgroupfs',
  ports: [],
  reservePorts: false,
  exitCommand: null,
  conmonPidFile: null,
  network: null,
  autoRemove: false,
  labels: {},
  key: null,
  restart: null,
  restarts: 0,
  health: null,
}
