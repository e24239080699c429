/**
 * What runchart throws. Each class has a stable `code`; `message` says what was being done to which
 * container and what the runtime said; `hint` says what to do.
 */

import { type ErrorFacts, RunchartError } from '../effects/errors.ts'

export * from '../effects/errors.ts'

/** Input that cannot be right, found before anything was changed. `EINPUT` */
export class InvalidInputError extends RunchartError {
  override readonly name = 'InvalidInputError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EINPUT', message, facts)
  }
}

/** No container, or no exit record, has that id or name. `ENOTFOUND` */
export class NotFoundError extends RunchartError {
  override readonly name = 'NotFoundError'
  constructor(message: string, facts?: ErrorFacts) {
    super('ENOTFOUND', message, facts)
  }
}

/** The name is another container's. `ENAMETAKEN` */
export class NameTakenError extends RunchartError {
  override readonly name = 'NameTakenError'
  constructor(message: string, facts?: ErrorFacts) {
    super('ENAMETAKEN', message, facts)
  }
}

/** The key is that of a container which was created with other options. `EKEYTAKEN` */
export class KeyTakenError extends RunchartError {
  override readonly name = 'KeyTakenError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EKEYTAKEN', message, facts)
  }
}

/** The command cannot be taken in the container's state. `EILLEGALTRANSITION` */
export class IllegalTransitionError extends RunchartError {
  override readonly name = 'IllegalTransitionError'
  /** The state the container was in. */
  readonly state: string
  /** The command that was refused. */
  readonly event: string
  /** The commands that this state takes. */
  readonly allowed: readonly string[]

  constructor(
    transition: { state: string; event: string; allowed: readonly string[] },
    containerName: string,
    facts?: ErrorFacts,
  ) {
    const { state, event, allowed } = transition
    const taken = allowed.length === 0 ? 'nothing until it has settled' : allowed.join(', ')
    super(
      'EILLEGALTRANSITION',
      `cannot ${event} container ${containerName}: it is ${state}, which takes ${taken}`,
      facts,
    )
    this.state = state
    this.event = event
    this.allowed = allowed
  }
}

/** Another engine owns the root. `EROOTOWNED` */
export class RootOwnedError extends RunchartError {
  override readonly name = 'RootOwnedError'
  /** The owner's process id, where it could be read. */
  readonly pid: number | undefined
  constructor(message: string, pid: number | undefined, facts?: ErrorFacts) {
    super('EROOTOWNED', message, facts)
    this.pid = pid
  }
}

/** A directory that the engine needs cannot be made or written. `EROOT` */
export class RootError extends RunchartError {
  override readonly name = 'RootError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EROOT', message, facts)
  }
}

/**
 * Why the store could not be read or written.
 * - `full`: no space is left on its disk
 * - `locked`: another process holds it
 * - `damaged`: it is not what was written
 * - `newer`: a newer runchart has written it
 * - `readonly`: this user cannot write it
 */
export type StoreFailure = 'full' | 'locked' | 'damaged' | 'newer' | 'readonly' | 'other'

/** The store could not be read or written. `ESTORE` */
export class StoreError extends RunchartError {
  override readonly name = 'StoreError'
  readonly failure: StoreFailure
  constructor(message: string, failure: StoreFailure = 'other', facts?: ErrorFacts) {
    super('ESTORE', message, facts)
    this.failure = failure
  }
}

const LIVES_ON =
  'containers live on; the next engine on this root finds them as they are, and ends what was under way'

/** The engine was closed while, or before, this was asked. `ECLOSED` */
export class EngineClosedError extends RunchartError {
  override readonly name = 'EngineClosedError'
  constructor(message = 'the engine is closed', facts?: ErrorFacts) {
    super('ECLOSED', message, { hint: LIVES_ON, ...facts })
  }
}

/** The process outlived SIGKILL for as long as the chart waits. `ESTOPTIMEOUT` */
export class StopTimeoutError extends RunchartError {
  override readonly name = 'StopTimeoutError'
  constructor(message: string, facts?: ErrorFacts) {
    super('ESTOPTIMEOUT', message, facts)
  }
}

/** What was waited for did not come in the time that the caller gave it. `EWAITTIMEOUT` */
export class WaitTimeoutError extends RunchartError {
  override readonly name = 'WaitTimeoutError'
  /** What was waited for: `running`, `exit` and so on. */
  readonly awaited: string
  /** The state in which the container was when the time was up. */
  readonly state: string

  constructor(
    wait: { awaited: string; state: string; seconds: number },
    containerName: string,
    facts?: ErrorFacts,
  ) {
    const { awaited, state, seconds } = wait
    const message = `waited ${seconds} s for container ${containerName}, for ${awaited}: it is ${state}`
    super('EWAITTIMEOUT', message, { hint: 'the container is as it was; wait again, or longer', ...facts })
    this.awaited = awaited
    this.state = state
  }
}

/** The container was removed while this waited for it. `EREMOVED` */
export class RemovedError extends RunchartError {
  override readonly name = 'RemovedError'
  constructor(message: string, facts?: ErrorFacts) {
    super('EREMOVED', message, facts)
  }
}
