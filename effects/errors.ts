/**
 * What an effect throws. An error is its result: what was being done, to which container, what the program
 * said, how long it took.
 */

import { printable } from './printable.ts'

/** Facts that an error carries besides its message. */
export interface ErrorFacts {
  containerId?: string | undefined
  hint?: string | undefined
  cause?: unknown
}

/** The base of every error that runchart throws on purpose. Its message and its hint can be shown on any terminal. */
export class RunchartError extends Error {
  override readonly name: string = 'RunchartError'
  /** Stable, for programs. */
  readonly code: string
  readonly containerId: string | undefined
  /** What to do about it, in one sentence. */
  readonly hint: string | undefined

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(printable(message), facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.containerId = facts.containerId
    this.hint = facts.hint === undefined ? undefined : printable(facts.hint)
  }
}

/** What a program left behind that failed. */
export interface FailedProgram {
  /** Absolute path. */
  path: string
  /** What it was asked to do: the runtime's verb, or `monitor`. */
  verb: string
  /** null where a signal ended it, or it never ran. */
  exitCode: number | null
  signal: string | null
  /** The end of its standard error, at most 64 KiB. */
  stderr: string
  /** The last message of the runtime's own log; undefined where it wrote none. */
  logLine: string | undefined
  /** Milliseconds. */
  durationMs: number
  timedOut: boolean
}

/**
 * Why a runtime failed, read from its own words.
 * `not-running` and `not-found` are of the container; `command-not-found` and `command-not-executable` of its
 * command; anything else is `other`.
 */
export type RuntimeFailure =
  | 'not-running'
  | 'not-found'
  | 'command-not-found'
  | 'command-not-executable'
  | 'timed-out'
  | 'other'

/** The runtime, or conmon on its behalf, failed. `ERUNTIME` */
export class RuntimeError extends RunchartError {
  override readonly name = 'RuntimeError'
  readonly failure: RuntimeFailure
  readonly program: FailedProgram
  constructor(message: string, failure: RuntimeFailure, program: FailedProgram, facts?: ErrorFacts) {
    super('ERUNTIME', message, facts)
    this.failure = failure
    this.program = program
  }
}

/** A program that runchart needs is missing, not executable or too old. `EPROGRAM` */
export class ProgramError extends RunchartError {
  override readonly name = 'ProgramError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EPROGRAM', message, facts)
  }
}

/** The system refused what was needed: space, a descriptor, a permission. `ESYSTEM` */
export class SystemError extends RunchartError {
  override readonly name = 'SystemError'
  /** The system's own name of it, such as `ENOSPC`. */
  readonly errno: string
  constructor(message: string, errno: string, facts?: ErrorFacts) {
    super('ESYSTEM', message, { hint: hintForErrno(errno), ...facts })
    this.errno = errno
  }
}

const ERRNO_HINTS: Record<string, string> = {
  ENOSPC: 'free space on that disk',
  EDQUOT: 'free space on that disk, or raise the quota',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'raise the sysctl fs.file-max',
  EAGAIN: 'raise the limit of processes (ulimit -u, or the pids cgroup)',
  ENOMEM: 'free memory, or raise the limit of the memory cgroup',
  ENOSYS: 'it takes Linux 5.3 or later, and no filter in front of its calls',
  EROFS: 'mount that file system for writing',
  ENOEXEC: 'name a program that is made for this machine',
  EACCES: 'give this user permission for it',
  EPERM: 'give this user permission for it',
}

/** What to do about an error of the system, where that can be said. */
export function hintForErrno(errno: string | undefined): string | undefined {
  return ERRNO_HINTS[errno ?? '']
}

/** An error of the system as one of ours, saying what was being done; any other error is given back as it is. */
export function typedError(error: unknown, doing: string, facts?: ErrorFacts): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (error instanceof RunchartError || code === undefined || syscall === undefined) return error
  return new SystemError(`${doing}: ${message}`, code, { cause: error, ...facts })
}

/** A file in the exits directory is not what conmon writes. `EEXITFILE` */
export class ExitFileError extends RunchartError {
  override readonly name = 'ExitFileError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EEXITFILE', message, facts)
  }
}

/** A port of the host that a container is to have cannot be had. `EPORT` */
export class PortError extends RunchartError {
  override readonly name = 'PortError'
  readonly protocol: string
  readonly port: number
  constructor(message: string, port: { protocol: string; hostPort: number }, facts?: ErrorFacts) {
    super('EPORT', message, facts)
    this.protocol = port.protocol
    this.port = port.hostPort
  }
}

/**
 * Why an attachment was refused, or ended.
 * - `EATTACH`: conmon does not listen
 * - `EATTACHENDED`: the container has exited, or this attachment has been ended
 * - `ENOSTDIN`: the container has no standard input, or it has been ended
 * - `ENOTERMINAL`: the container has no terminal
 * - `ESLOWREADER`: output was not read, and did not fit any more
 */
export type AttachFailure = 'EATTACH' | 'EATTACHENDED' | 'ENOSTDIN' | 'ENOTERMINAL' | 'ESLOWREADER'

/** An attachment to a container failed; its `code` says why. */
export class AttachError extends RunchartError {
  override readonly name = 'AttachError'
  constructor(code: AttachFailure, message: string, facts?: ErrorFacts) {
    super(code, message, facts)
  }
}
