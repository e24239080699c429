/** The shapes of commands that are run in a container. JSON-safe unless they are a session or its streams. */
import type { Readable, Writable } from 'node:stream'
import type { ExecExitCause } from '../machines/exec-types.ts'
import type { CallOptions } from './call-options.ts'

export type { ExecExitCause }

/** What a session is doing. */
export const EXEC_STATES = ['starting', 'running', 'stopping', 'reconciling', 'abandoning'] as const

/** One of {@link EXEC_STATES}. */
export type ExecState = (typeof EXEC_STATES)[number]

/** One live session. */
export interface ExecInfo {
  id: string
  command: string[]
  state: ExecState
  /** Its process as the host numbers it; null where there is none yet, or it was over too soon to be looked at. */
  pid: number | null
  /** Whether it lives on without whoever started it. */
  detached: boolean
  /** ISO 8601. */
  startedAt: string
}

/** How a session ended. */
export interface ExecExit {
  /** 0–255, 128+n for signal n, −1 where no evidence exists. */
  code: number
  /** The signal's name where `code` is 128+n of a known signal; else null. */
  signal: string | null
  cause: ExecExitCause
}

/** How a command is run; what is left out is the container's own. */
export interface ExecOptions {
  /** `NAME=value`, added to or replacing the container's. */
  env?: string[] | undefined
  /** Absolute. */
  workdir?: string | undefined
  /** `uid`, `uid:gid`, or names looked up in the container's /etc/passwd and /etc/group. */
  user?: string | undefined
  /** Names such as `NET_RAW` or `CAP_NET_RAW`, added to the container's. */
  capAdd?: string[] | undefined
  /** Descriptors of the engine's process that the command gets as 3, 4 and so on. They stay open here. */
  preserveFds?: number[] | undefined
}

/** {@link Container.exec}'s options. */
export interface CollectOptions extends ExecOptions {
  /** What the command reads; an end of file at once where left out. */
  stdin?: string | Uint8Array | undefined
  /** Bytes kept of each stream; 1 MiB where left out. What comes after is read and dropped. */
  maxOutputBytes?: number | undefined
  /** Ends the command: it is killed, and the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** What a command left behind. */
export interface ExecResult {
  exitCode: number
  /** The signal's name where one ended it; else null. */
  signal: string | null
  /** As UTF-8. */
  stdout: string
  stderr: string
  /** Whether more was written than was kept. */
  truncated: boolean
}

/** A terminal's size, in characters. */
export interface TerminalSize {
  columns: number
  rows: number
}

/** {@link Container.execSession}'s options. */
export interface SessionOptions extends ExecOptions {
  /** Whether the command reads what is written to `stdin`; an end of file at once where it does not. */
  stdin?: boolean | undefined
  /** Leave the command to conmon: it outlives the engine, and has neither input nor output. */
  detach?: boolean | undefined
  /** A terminal of the command's own: all that it writes comes on `stdout`, and `stdin` is what is typed. */
  tty?: boolean | undefined
  /** Of its terminal, from the beginning. */
  size?: TerminalSize | undefined
  /** Ends the command; of a detached one, only its start. */
  signal?: AbortSignal | undefined
}

/**
 * A command that runs. Where one that is bound to this process is held by `await using`, it is killed at the end of the
 * block; a detached one lives on.
 */
export interface ExecSession extends AsyncDisposable {
  readonly id: string
  readonly containerId: string
  readonly pid: number | null
  /** null where it has none. Ends with `end()`, in a terminal by Ctrl-D; waits while the command does not read. */
  readonly stdin: Writable | null
  /** null where it is detached. It must be read: the command waits while nobody does, and its exit with it. */
  readonly stdout: Readable | null
  /** null where it is detached, or has a terminal. */
  readonly stderr: Readable | null
  /** Resolves once its exit is committed, after the last byte of its output. Rejects with EngineClosedError. */
  readonly exited: Promise<ExecExit>
  /** Throws AttachError: `ENOTERMINAL` where it has none here, `EATTACHENDED` where it has ended. */
  resize(size: TerminalSize, options?: CallOptions): Promise<void>
  /** Sends a signal to its process. */
  kill(signal?: string | number, options?: CallOptions): Promise<void>
  /** SIGTERM, and SIGKILL to its process group after `timeout` seconds, 10 where left out. */
  stop(options?: CallOptions & { timeout?: number | undefined }): Promise<ExecExit>
}
