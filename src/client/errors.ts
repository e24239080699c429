import { RunchartError } from '../../effects/errors.ts'
import type { ErrorReply } from '../api/wire.ts'

/** An error that the owner answered with: its class's name, its code, its hint. */
export class OwnerError extends RunchartError {
  override readonly name: string
  /** Of a refused command: the state, the command, and what the state takes. */
  readonly state: string | undefined
  readonly event: string | undefined
  readonly allowed: readonly string[] | undefined
  /** Of a failed runtime, such as `command-not-found`. */
  readonly failure: string | undefined

  constructor({ error }: ErrorReply) {
    super(error.code, error.message, { containerId: error.containerId, hint: error.hint })
    this.name = error.name
    this.state = error.state
    this.event = error.event
    this.allowed = error.allowed
    this.failure = error.failure
  }
}

/** The owner died, or closed, before it had answered. `EOWNERGONE` */
export class OwnerGoneError extends RunchartError {
  override readonly name = 'OwnerGoneError'
  constructor(socketPath: string, cause: unknown) {
    super('EOWNERGONE', `the owner that answered on ${socketPath} went away in the middle of this`, {
      hint: 'containers live on; `runchart ps -a` starts a new owner, which finds them as they are',
      cause,
    })
  }
}

/** Nobody answers on the socket. `ENOOWNER` */
export class NoOwnerError extends RunchartError {
  override readonly name = 'NoOwnerError'
  constructor(socketPath: string, cause: unknown) {
    super('ENOOWNER', `no owner answers on ${socketPath}`, {
      hint: '`runchart serve` starts one in the foreground',
      cause,
    })
  }
}

/** Whether the connection was refused because nobody listens, rather than lost. */
export function isNobodyThere(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ECONNREFUSED'
}
