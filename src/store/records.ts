import type { ProcessFacts, StopRequest } from '../../machines/index.ts'
import type { Spec } from '../spec/types.ts'
import type { ContainerState, EngineEvent, ErrorRecord, ExitRecord } from '../types.ts'

/** What was settled when a container was created; never changes. Its spec is kept apart, being large. */
export interface ContainerSettings {
  /** Absolute path of the runtime it is made by. */
  runtime: string
  command: string[]
  /** Signal number. */
  stopSignal: number
  /** Seconds. */
  stopTimeout: number
}

/** What a container has come to; committed with each transition. */
export interface ContainerFacts {
  process: ProcessFacts | null
  monitor: ProcessFacts | null
  startedAt: string | null
  stop: StopRequest | null
  exit: ExitRecord | null
  error: ErrorRecord | null
}

/** One row of the store, without its spec, which is read only when it is needed. */
export interface ContainerRow {
  id: string
  name: string
  createdAt: string
  settings: ContainerSettings
  state: ContainerState
  generation: number
  facts: ContainerFacts
}

/** `Omit` that keeps a union a union. */
type OmitEach<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never

/** An event before its commit has given it a number. */
export type UnnumberedEvent = OmitEach<EngineEvent, 'seq' | 'version'>

/** One transition: what is to be on disk before anyone is told. */
export interface Commit {
  row: ContainerRow
  /** Given for a container that is new. */
  spec?: Spec | undefined
  event?: UnnumberedEvent | undefined
  /** Given when a run has ended. */
  exit?: ExitRecord | undefined
}
