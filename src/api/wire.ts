/**
 * What goes over the owner's socket, besides the shapes of src/types.ts. The server and the client share it;
 * it loads nothing.
 */
import type { ContainerInfo, EngineEvent } from '../types.ts'

/** The answer to a request that failed. `name` is the error's class. */
export interface ErrorReply {
  error: {
    name: string
    code: string
    message: string
    hint?: string
    containerId?: string
    /** Of a wait whose time was up: what was waited for. */
    awaited?: string
    /** Of it, the state. Of a refused command: the state, the command, and what the state takes. */
    state?: string
    event?: string
    allowed?: string[]
    /** Of a failed runtime: why, read from its own words. */
    failure?: string
  }
}

/** The answer of `GET /v1/version`. */
export interface OwnerInfo {
  /** runchart's own. */
  version: string
  /** The owner's process. */
  pid: number
  root: string
  runRoot: string
}

/** The answer of `GET /v1/snapshot`. */
export interface Snapshot {
  containers: ContainerInfo[]
  /** Follow `GET /v1/events` from here. */
  seq: number
}

/**
 * A line of `GET /v1/follow`: first what there is, then each event, with the container that it is of as it is when the
 * line is sent; null where that is gone, or where the event is of none.
 */
export type FollowLine = { snapshot: Snapshot } | { event: EngineEvent; container: ContainerInfo | null }

/** The header of each answer that says how far the owner's events have come: the number of the newest one. */
export const SEQ_HEADER = 'runchart-seq'

/** The media type of a body that is frames. */
export const FRAMES_TYPE = 'application/vnd.runchart.frames'

/** Descriptors of a process that a command gets as 3, 4 and so on. */
export interface DescriptorSource {
  pid: number
  fds: number[]
}

/**
 * The trailer that tells why a stream ended early: an {@link ErrorReply} as URI-encoded JSON. A stream that
 * ends without it is whole; one that breaks off lost its owner.
 */
export const ERROR_TRAILER = 'runchart-error'
