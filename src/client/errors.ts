import { RunchartError } from '../../effects/errors.ts'
import type { ErrorReply } from '../api/wire.ts'

/** An error that the owner answered with: its class's name, its code, its hint. */
export class OwnerError extends RunchartError {
  override readonly name: string
  /** Of a wait whose time was up: what was waited for. */
  readonly awaited: string | undefined
  /** Of it, the state. Of a refused command: the state, the command, and what the state takes. */
  readonly state: string | undefined
  readonly event: string | undefined
  readonly allowed: readonly string[] | undefined
  /** Of a failed runtime, such as `command-not-found`. */
  readonly failure: string | undefined

  constructor({ error }: ErrorReply) {
    super(error.code, error.message, { containerId: error.containerId, hint: error.hint })
    this.name = error.name
    this.awaited = error.awaited
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

/** This user may not open the socket. `EOWNERACCESS` */
export class OwnerAccessError extends RunchartError {
  override readonly name = 'OwnerAccessError'
  constructor(socketPath: string, cause: unknown) {
    super('EOWNERACCESS', `this user may not talk to the owner on ${socketPath}`, {
      hint: "run this as the owner's user, or choose a --root and --run-root of your own",
      cause,
    })
  }
}

/** What a failed connection means; undefined for a connection that was made and lost. */
export function connectionError(socketPath: string, error: unknown): RunchartError | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return new OwnerAccessError(socketPath, error)
  return syscall === 'connect' ? new NoOwnerError(socketPath, error) : undefined
}
