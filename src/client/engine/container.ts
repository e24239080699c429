import type {
  Attachment,
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  CollectOptions,
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
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../../types.ts'
import type { Client } from '../client.ts'
import type { OwnerEvents } from './events.ts'
import type { Mirror } from './mirror.ts'
import { openRemoteSession } from './session.ts'
import type { RemoteContainer } from './types.ts'

/** What a container's handle works with. */
export interface OwnerConnection {
  client: Client
  mirror: Mirror
  events: OwnerEvents
  /** Resolves once the mirror has what the last answer told of. */
  caughtUp: (signal?: AbortSignal) => Promise<void>
}

/** The face of one container of an owner. */
export class OwnedContainer implements RemoteContainer {
  readonly id: string
  readonly #owner: OwnerConnection
  #last: ContainerInfo

  constructor(owner: OwnerConnection, info: ContainerInfo) {
    this.id = info.id
    this.#owner = owner
    this.#last = info
  }

  get name(): string {
    return this.#last.name
  }

  get state(): ContainerState {
    return this.inspect().state
  }

  get generation(): number {
    return this.inspect().generation
  }

  is(...states: readonly ContainerState[]): boolean {
    return states.includes(this.state)
  }

  inspect(): ContainerInfo {
    const known = this.#owner.mirror.get(this.id)
    this.#last = known ?? { ...this.#last, state: 'removed', pid: null, monitorPid: null }
    return this.#last
  }

  async create(options?: CallOptions): Promise<RemoteContainer> {
    return this.#done(this.#client.recreate(this.id, options), options)
  }

  async start(options?: CallOptions): Promise<RemoteContainer> {
    return this.#done(this.#client.start(this.id, options), options)
  }

  async stop(options?: EndOptions & { timeout?: number | undefined }): Promise<ExitRecord> {
    return this.#seen(await this.#client.stop(this.id, options), options)
  }

  async kill(signal?: string | number, options?: EndOptions): Promise<void> {
    await this.#done(this.#client.kill(this.id, signal, options), options)
  }

  async pause(options?: CallOptions): Promise<RemoteContainer> {
    return this.#done(this.#client.pause(this.id, options), options)
  }

  async resume(options?: CallOptions): Promise<RemoteContainer> {
    return this.#done(this.#client.resume(this.id, options), options)
  }

  async wait<For extends WaitCondition = 'exit'>(options: WaitOptions<For> = {}): Promise<WaitResults[For]> {
    return this.#seen(await this.#client.wait(this.id, options), options)
  }

  async *logs(options?: CallOptions & { follow?: boolean | undefined }): AsyncIterable<LogLine> {
    for await (const lines of this.#client.logs(this.id, options)) yield* lines
  }

  attach(options?: Omit<AttachOptions, 'maxBufferedBytes'>): Promise<Attachment> {
    return this.#client.attach(this.id, options)
  }

  async exec(command: string[], { preserveFds, ...options }: CollectOptions = {}): Promise<ExecResult> {
    const descriptors = preserveFds && { preserveFds: { pid: process.pid, fds: preserveFds } }
    return this.#seen(await this.#client.exec(this.id, command, { ...options, ...descriptors }), options)
  }

  async execSession(command: string[], options: SessionOptions = {}): Promise<ExecSession> {
    return this.#seen(await openRemoteSession(this.#owner, this.id, command, options), options)
  }

  execs(options?: CallOptions): Promise<ExecInfo[]> {
    return this.#client.execs(this.id, options)
  }

  async execStop(
    options?: CallOptions & { session?: string | undefined; timeout?: number | undefined },
  ): Promise<void> {
    await this.#seen(await this.#client.execStop(this.id, options), options)
  }

  async execKill(session: string, signal?: string | number, options?: CallOptions): Promise<void> {
    await this.#seen(await this.#client.execKill(this.id, session, signal, options), options)
  }

  async checkpoint(options?: CheckpointOptions): Promise<void> {
    await this.#done(this.#client.checkpoint(this.id, options), options)
  }

  async restore(options?: RestoreOptions): Promise<RemoteContainer> {
    return this.#done(this.#client.restore(this.id, options), options)
  }

  async cleanup(options?: CallOptions): Promise<void> {
    await this.#done(this.#client.cleanup(this.id, options), options)
  }

  async refresh(options?: CallOptions): Promise<ContainerInfo> {
    return this.#seen(await this.#client.refresh(this.id, options), options)
  }

  top(options?: CallOptions): Promise<ProcessInfo[]> {
    return this.#client.top(this.id, options)
  }

  async remove(options?: EndOptions & { force?: boolean | undefined }): Promise<void> {
    await this.#client.remove(this.id, options)
    await this.#owner.caughtUp(options?.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state !== 'removed') await this.remove({ force: true })
  }

  get #client(): Client {
    return this.#owner.client
  }

  /** Gives an answer once what it tells of is to be seen here too. */
  async #seen<Answer>(answer: Answer, call: CallOptions | undefined): Promise<Answer> {
    await this.#owner.caughtUp(call?.signal)
    return answer
  }

  async #done(answer: Promise<unknown>, call: CallOptions | undefined): Promise<RemoteContainer> {
    await this.#seen(await answer, call)
    return this
  }
}
