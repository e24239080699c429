import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Observable, Subscription } from 'rxjs'
import { claimExitsDirectory, directoryIdentity } from '../../../effects/exits/directory.ts'
import { type ListedFile, listExitFiles } from '../../../effects/exits/file.ts'
import type { ExitSighting } from '../../../effects/exits/watcher.ts'
import { RunchartError } from '../../errors.ts'
import { Strangers } from './strangers.ts'

/** Milliseconds before the second attempt in a row; doubled each time. The first is made at once. */
const RETRY_MS = 100
/** Each attempt begins with a sweep, so this bounds how late an exit may be known that has no other witness. */
const MAX_RETRY_MS = 1_600
/** A watch that held so long was a good one. */
const STEADY_MS = 5_000

/** What the engine tells of its watch. */
export type WatchReport =
  | { type: 'watch.degraded'; reason: string; hint?: string }
  | { type: 'watch.restored' }

/** What the watch needs to know of containers. */
export interface ExitWatchBearings {
  /** The exits directory. */
  dir: string
  /** The containers that may yet have an exit file. */
  expected: () => string[]
  /** Whether that container is one of them. */
  isExpected: (id: string) => boolean
  /** Looks at the exit file of such a container; throws where that cannot be done now. */
  look: (id: string) => void
  /** Makes again what conmon writes to; called before each new attempt. */
  mend: () => void
  report: (report: WatchReport) => void
  /** Whether an earlier engine reported that it is degraded, and did not take that back. */
  wasDegraded: boolean
  logger: Logger
}

/**
 * Keeps the exits directory watched. Whatever goes wrong is reported once, then the directory is swept and watched
 * again until that succeeds; then that is reported.
 */
export class ExitWatch {
  readonly #bearings: ExitWatchBearings
  readonly #sightings: Observable<ExitSighting>
  readonly #strangers: Strangers
  readonly #closing = new AbortController()
  /** Why it is degraded, as reported last; undefined where it is not, or an earlier engine said so. */
  #condition: string | undefined
  #isDegraded: boolean
  /** Of the directory that is being watched; undefined while none is. */
  #identity: string | undefined
  /** Ends the present watch. */
  #fail: (error: unknown) => void = () => {}

  constructor(bearings: ExitWatchBearings, sightings: Observable<ExitSighting>) {
    const { dir, isExpected, logger, wasDegraded } = bearings
    this.#bearings = bearings
    this.#sightings = sightings
    this.#strangers = new Strangers(dir, isExpected, logger)
    this.#isDegraded = wasDegraded
  }

  /** Watches until `close`. */
  open(): void {
    const { logger } = this.#bearings
    this.#keepWatching().catch((error) => logger.error({ err: error }, 'exits are no longer watched'))
  }

  close(): void {
    this.#closing.abort()
    this.#strangers.close()
    this.#fail(undefined)
  }

  /**
   * Hears that another witness told of an exit before this one, or that no exit file was written where one should have
   * been. conmon writes before it ends, and the kernel keeps the order: a watch that is not in trouble tells first.
   */
  doubt(id: string, wasWritten: boolean): void {
    if (this.#identity === undefined) return
    const { dir } = this.#bearings
    if (wasWritten)
      this.#fail(inTrouble(`the exit of container ${id} was not seen in the exits directory ${dir}`))
    else if (identityOf(dir) !== this.#identity)
      this.#fail(inTrouble(`the exits directory ${dir} was replaced`))
  }

  async #keepWatching(): Promise<void> {
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; failures += 1) {
      let armedAt = Number.POSITIVE_INFINITY
      try {
        if (failures > 0) this.#bearings.mend()
        claimExitsDirectory(this.#bearings.dir)
        await this.#sweep()
        await this.#untilTrouble(() => {
          armedAt = performance.now()
        })
      } catch (error) {
        this.#identity = undefined
        if (signal.aborted) return
        this.#degrade(error)
      }
      if (performance.now() - armedAt > STEADY_MS) failures = 0
      await delay(pauseAfter(failures), undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Watches once; rejects with what ended it. */
  #untilTrouble(onArmed: () => void): Promise<never> {
    this.#closing.signal.throwIfAborted()
    let subscription: Subscription | undefined
    const arm = async (): Promise<void> => {
      const identity = identityOf(this.#bearings.dir)
      // What came before the watch stood.
      await this.#sweep()
      if (subscription?.closed) return
      this.#identity = identity
      onArmed()
      this.#restore()
    }
    return new Promise<never>((_, reject) => {
      this.#fail = reject
      subscription = this.#sightings.subscribe({
        next: (sighting) => {
          const work = sighting.type === 'ready' ? arm() : this.#see(sighting.id)
          work.catch(reject)
        },
        error: reject,
      })
    }).finally(() => subscription?.unsubscribe())
  }

  async #see(id: string): Promise<void> {
    if (this.#bearings.isExpected(id)) {
      this.#look([id])
      return
    }
    this.#strangers.add(id, id)
    await this.#strangers.remove()
  }

  /** Looks at the exit of every container that may have one, then at what else is there. */
  async #sweep(): Promise<void> {
    const { dir, expected, isExpected } = this.#bearings
    this.#look(expected())
    for (const { name, id } of list(dir)) if (!isExpected(id)) this.#strangers.add(name, id)
    await this.#strangers.remove()
  }

  /** One that cannot be read does not keep the others from being looked at. */
  #look(ids: readonly string[]): void {
    let failure: unknown
    for (const id of ids) {
      try {
        this.#bearings.look(id)
      } catch (error) {
        failure ??= error
      }
    }
    if (failure !== undefined) throw unreadable(this.#bearings.dir, failure)
  }

  #degrade(error: unknown): void {
    const { message, hint } = error as RunchartError
    const condition = systemCode(error) ?? message
    if (this.#condition === condition) return
    this.#isDegraded = true
    this.#condition = condition
    this.#bearings.logger.warn({ err: error }, 'the exits directory is not watched; exits may be told late')
    this.#bearings.report({ type: 'watch.degraded', reason: message, ...(hint !== undefined && { hint }) })
  }

  #restore(): void {
    if (!this.#isDegraded) return
    this.#isDegraded = false
    this.#condition = undefined
    this.#bearings.logger.info('the exits directory is watched again')
    this.#bearings.report({ type: 'watch.restored' })
  }
}

const inTrouble = (message: string): RunchartError => new RunchartError('EWATCH', message)

/** The condition, whichever file it was met at. */
function unreadable(dir: string, failure: unknown): RunchartError {
  const why = systemCode(failure) ?? String(failure)
  return new RunchartError('EWATCH', `files in the exits directory ${dir} cannot be read: ${why}`, {
    hint: HINTS[why] ?? `look at the owner and the mode of ${dir}`,
    cause: failure,
  })
}

const HINTS: Record<string, string> = {
  EMFILE: 'raise the limit of open files',
  ENFILE: 'raise the sysctl fs.file-max',
}

/** The system's word for it, such as EMFILE, however deep it is; undefined where it is not the system's. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno, code } = error as NodeJS.ErrnoException
  return errno === undefined ? systemCode(error.cause) : code
}

const pauseAfter = (failures: number): number =>
  failures === 0 ? 0 : Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS)

function list(dir: string): ListedFile[] {
  try {
    return listExitFiles(dir)
  } catch (error) {
    throw unreadable(dir, error)
  }
}

function identityOf(dir: string): string | undefined {
  try {
    return directoryIdentity(dir)
  } catch {
    return undefined
  }
}
