import type { Observable } from 'rxjs'
import type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  CollectOptions,
  Container,
  CreateOptions,
  Engine,
  EngineEvent,
  EventFilter,
  ExecInfo,
  ExecSession,
  ExitRecord,
  RestoreOptions,
  SessionOptions,
} from '../../types.ts'

/** What a remote engine can only answer once its owner has. */
type Asked =
  | 'create'
  | 'start'
  | 'pause'
  | 'resume'
  | 'restore'
  | 'checkpoint'
  | 'execs'
  | 'exec'
  | 'execSession'

/** {@link Container}, over a socket. What is read from it is as new as its last event. */
export interface RemoteContainer extends Omit<Container, Asked | 'attach' | 'is'> {
  is(...states: readonly Container['state'][]): boolean
  create(options?: CallOptions): Promise<RemoteContainer>
  start(options?: CallOptions): Promise<RemoteContainer>
  pause(options?: CallOptions): Promise<RemoteContainer>
  resume(options?: CallOptions): Promise<RemoteContainer>
  restore(options?: RestoreOptions): Promise<RemoteContainer>
  checkpoint(options?: CheckpointOptions): Promise<void>
  /** What a reader may be behind by is for the owner to say. */
  attach(options?: Omit<AttachOptions, 'maxBufferedBytes'>): ReturnType<Container['attach']>
  exec(command: string[], options?: CollectOptions): ReturnType<Container['exec']>
  execSession(command: string[], options?: SessionOptions): Promise<ExecSession>
  execs(options?: CallOptions): Promise<ExecInfo[]>
}

/** {@link import('../../types.ts').EventStream}, over a socket. It goes on with the next owner where one goes away. */
export interface RemoteEvents extends Observable<EngineEvent>, AsyncIterable<EngineEvent> {
  /** The number of the newest event that has come here. */
  readonly last: number
  /** Replays what was committed after `seq`, then goes on live: no gap, no repeat, whatever becomes of the owner. */
  since(seq: number): Observable<EngineEvent> & AsyncIterable<EngineEvent>
  /** What was committed after `seq`, then ends. */
  past(seq: number): AsyncIterable<EngineEvent>
  /** The same, live and replayed, without what the filter leaves out. */
  filter(filter: EventFilter): Omit<RemoteEvents, 'filter'>
}

/**
 * {@link Engine}, over a socket: the same calls, with the same errors. What an embedded engine reads from its store at
 * once, the past events, exit records and sessions, has to be waited for here; with `await` and `for await` one program
 * runs on both.
 */
export interface RemoteEngine
  extends Omit<Engine, 'events' | 'create' | 'pool' | 'get' | 'exitRecord' | 'wait' | 'close'>,
    AsyncDisposable {
  readonly events: RemoteEvents
  create(options: CreateOptions, call?: CallOptions): Promise<RemoteContainer>
  get(idOrName: string): RemoteContainer
  exitRecord(idOrName: string, generation?: number, call?: CallOptions): Promise<ExitRecord>
  wait: Engine['wait']
  /** Hangs up. The owner, and its containers, live on. */
  close(): Promise<void>
}
