import { RunchartError } from '../../effects/errors.ts'
import type { OwnerInfo, Snapshot } from '../api/wire.ts'
import type {
  Attachment,
  CallOptions,
  CheckpointOptions,
  ContainerInfo,
  CreateOptions,
  EndOptions,
  EngineEvent,
  EventFilter,
  ExecInfo,
  ExecResult,
  ExitRecord,
  LogLine,
  ProcessInfo,
  RestoreOptions,
  StopOptions,
  WaitCondition,
  WaitOptions,
  WaitResults,
} from '../types.ts'
import { openAttachment } from './attach.ts'
import {
  type ClientCollectOptions,
  type ClientDetachOptions,
  type ClientExecSession,
  type ClientStreamOptions,
  collectBody,
  openExecStream,
  type WithDescriptors,
} from './exec.ts'
import { readLines, readLogs } from './streams.ts'
import { type Call, createTransport, type Transport } from './transport.ts'

/** What `create` takes of {@link CreateOptions}. */
export type ClientCreateOptions = WithDescriptors<CreateOptions>

/**
 * An owner, asked over its socket. Each method is one route. A container is named by its id, the unique start of
 * its id, or its name. Errors are RunchartErrors with the code, the hint and the class's name that the owner's
 * had; `ENOOWNER` where nobody answers, `EOWNERGONE` where the owner died in the middle.
 */
export interface Client {
  version(options?: CallOptions): Promise<OwnerInfo>
  snapshot(options?: CallOptions): Promise<Snapshot>
  /** Those whose command runs, or `all`; with `labels`, those that have each, `NAME=value` or `NAME` with any value. */
  list(
    options?: CallOptions & { all?: boolean | undefined; labels?: readonly string[] | undefined },
  ): Promise<ContainerInfo[]>
  create(container: ClientCreateOptions, options?: CallOptions): Promise<ContainerInfo>
  inspect(ref: string, options?: CallOptions): Promise<ContainerInfo>
  /** Makes the runtime container again, after an exit. */
  recreate(ref: string, options?: CallOptions): Promise<ContainerInfo>
  start(ref: string, options?: CallOptions): Promise<ContainerInfo>
  /** `timeout` in seconds; the container's own where left out. */
  stop(ref: string, options?: StopOptions): Promise<ExitRecord>
  kill(ref: string, signal?: string | number, options?: EndOptions): Promise<ContainerInfo>
  pause(ref: string, options?: CallOptions): Promise<ContainerInfo>
  resume(ref: string, options?: CallOptions): Promise<ContainerInfo>
  /** Writes its processes to disk; they end with it unless they are left running. */
  checkpoint(ref: string, options?: CheckpointOptions): Promise<ContainerInfo>
  /** Brings the processes of a checkpoint back. */
  restore(ref: string, options?: RestoreOptions): Promise<ContainerInfo>
  /** Has the runtime let go of one that has exited. */
  cleanup(ref: string, options?: CallOptions): Promise<ContainerInfo>
  /** Has the owner ask the runtime and the process table what is true. */
  refresh(ref: string, options?: CallOptions): Promise<ContainerInfo>
  /** The processes of one that is alive, its first one first. */
  top(ref: string, options?: CallOptions): Promise<ProcessInfo[]>
  /** As `wait` of an engine: until the exit of the present run where nothing else is said; also of one that is gone. */
  wait<For extends WaitCondition = 'exit'>(ref: string, options?: WaitOptions<For>): Promise<WaitResults[For]>
  /** The record of an exit, the last one where no run is named; also of a container that is gone. */
  exitRecord(ref: string, options?: CallOptions & { generation?: number | undefined }): Promise<ExitRecord>
  remove(ref: string, options?: EndOptions & { force?: boolean | undefined }): Promise<void>
  /** Runs a command to its end and collects its output. It is killed when the call is aborted or its client dies. */
  exec(ref: string, command: string[], options?: ClientCollectOptions): Promise<ExecResult>
  /** Runs a command with streams; resolves once it runs. */
  execStream(ref: string, command: string[], options?: ClientStreamOptions): Promise<ClientExecSession>
  /** Leaves a command to conmon; resolves once it runs. Its exit is an event. */
  execDetached(
    ref: string,
    command: string[],
    options?: ClientDetachOptions,
  ): Promise<{ id: string; pid: number | null }>
  /** The live sessions, oldest first. */
  execs(ref: string, options?: CallOptions): Promise<ExecInfo[]>
  /** Ends one session, or all: SIGTERM, and SIGKILL after `timeout` seconds. Gives those that still live. */
  execStop(
    ref: string,
    options?: CallOptions & { session?: string | undefined; timeout?: number | undefined },
  ): Promise<ExecInfo[]>
  execKill(ref: string, session: string, signal?: string | number, options?: CallOptions): Promise<ExecInfo[]>
  /** Output in the batches in which it came; with `follow` until the container has exited. */
  logs(ref: string, options?: CallOptions & { follow?: boolean | undefined }): AsyncIterable<LogLine[]>
  /** Joins a container that is alive. Output that waits here is not asked for: the owner bounds what it keeps. */
  attach(ref: string, options?: CallOptions & { output?: boolean | undefined }): Promise<Attachment>
  /** What was committed after `since`, all where left out; with `follow` live from there on. */
  events(
    options?: CallOptions & {
      since?: number | undefined
      follow?: boolean | undefined
      filter?: EventFilter | undefined
    },
  ): AsyncIterable<EngineEvent>
  /** Hangs up. */
  close(): void
}

/** Talks to the owner on that socket. Connects with the first call. */
export function connectOwner(socketPath: string): Client {
  return clientOver(createTransport(socketPath))
}

/** The calls of a client, over a connection of its maker's. */
export function clientOver(transport: Transport): Client {
  const ask = async <T>(call: Call): Promise<T> => (await transport.json(call)) as T
  return {
    version: (options) => ask(get('/v1/version', options)),
    snapshot: (options) => ask(get('/v1/snapshot', options)),
    list: ({ all, labels, signal } = {}) =>
      ask(get(`/v1/containers${query({ all, label: labels })}`, { signal })),
    create: (container, options) => ask(post('/v1/containers', container, options)),
    close: () => transport.close(),
    events: ({ since, follow, filter, signal } = {}) =>
      readLines<EngineEvent>(transport, get(`/v1/events${query({ since, follow, ...filter })}`, { signal })),
    ...containerCalls(transport, ask),
  }
}

type ContainerCalls = Omit<Client, 'version' | 'snapshot' | 'list' | 'create' | 'close' | 'events'>

function containerCalls(transport: Transport, ask: <T>(call: Call) => Promise<T>): ContainerCalls {
  return {
    inspect: async (ref, options) => ask(get(path(ref), options)),
    recreate: async (ref, options) => ask(post(path(ref, 'create'), {}, options)),
    start: async (ref, options) => ask(post(path(ref, 'start'), {}, options)),
    stop: async (ref, { signal, ...body } = {}) => ask(post(path(ref, 'stop'), body, { signal })),
    kill: async (ref, signal, { by, ...options } = {}) =>
      ask(post(path(ref, 'kill'), { signal, by }, options)),
    pause: async (ref, options) => ask(post(path(ref, 'pause'), {}, options)),
    resume: async (ref, options) => ask(post(path(ref, 'resume'), {}, options)),
    checkpoint: async (ref, { signal, ...body } = {}) => ask(post(path(ref, 'checkpoint'), body, { signal })),
    restore: async (ref, { signal, ...body } = {}) => ask(post(path(ref, 'restore'), body, { signal })),
    cleanup: async (ref, options) => ask(post(path(ref, 'cleanup'), {}, options)),
    refresh: async (ref, options) => ask(post(path(ref, 'refresh'), {}, options)),
    top: async (ref, options) => ask(get(path(ref, 'top'), options)),
    wait: async (ref, { signal, ...options } = {}) =>
      ask(get(`${path(ref, 'wait')}${query(options)}`, { signal })),
    exitRecord: async (ref, { signal, generation } = {}) =>
      ask(get(`${path(ref, 'exit')}${query({ generation })}`, { signal })),
    exec: async (ref, command, options = {}) =>
      ask(post(path(ref, 'exec'), collectBody(command, options), options)),
    execStream: async (ref, command, options = {}) =>
      openExecStream(transport, path(ref, 'exec/stream'), command, options),
    execDetached: async (ref, command, { signal, ...options } = {}) =>
      ask(post(path(ref, 'exec'), { command, ...options, detach: true }, { signal })),
    execs: async (ref, options) => ask(get(path(ref, 'execs'), options)),
    execStop: async (ref, { session, timeout, signal } = {}) =>
      ask(post(path(ref, 'execs/stop'), { session, timeout }, { signal })),
    execKill: async (ref, session, signal, options) =>
      ask(post(path(ref, `execs/${encodeURIComponent(session)}/kill`), { signal }, options)),
    remove: async (ref, { signal, ...options } = {}) =>
      ask({ method: 'DELETE', path: `${path(ref)}${query(options)}`, signal }),
    attach: async (ref, { output = true, signal } = {}) => {
      const target = `${path(ref, 'attach')}${query({ 'input-only': output ? undefined : true })}`
      return openAttachment(transport, { method: 'POST', path: target, signal })
    },
    logs: (ref, { follow, signal } = {}) =>
      readLogs(transport, get(`${path(ref, 'logs')}${query({ follow })}`, { signal })),
  }
}

const get = (path: string, options?: CallOptions): Call => ({ method: 'GET', path, signal: options?.signal })

const post = (path: string, body: unknown, options?: CallOptions): Call => ({
  method: 'POST',
  path,
  body,
  signal: options?.signal,
})

function path(ref: string, verb?: string): string {
  if (ref === '') throw new RunchartError('EINPUT', 'the id or name of a container cannot be empty')
  return ['/v1/containers', encodeURIComponent(ref), verb].filter((part) => part !== undefined).join('/')
}

/** A query of what was given; empty where nothing was. */
function query(values: Record<string, boolean | number | string | readonly string[] | undefined>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}=${encodeURIComponent(each)}`),
  )
  return given.length === 0 ? '' : `?${given.join('&')}`
}
