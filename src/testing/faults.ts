import { RuntimeError, type RuntimeFailure } from '../errors.ts'
import type { VirtualClock } from './clock.ts'

/** What can be made to fail: creating, and the verbs of a runtime. `delete` is a part of each clean-up. */
export type FaultyVerb = 'create' | 'start' | 'kill' | 'pause' | 'resume' | 'delete' | 'exec'

/**
 * What befalls a verb.
 * - `'hangs'`: it does nothing, and is killed at the runtime's time limit: 30 s, 240 s for a create, or `runtimeTimeout`
 * - `takes`: it succeeds, but only after so many milliseconds
 * - `fails`: it fails with these words; with `done` it has done its work all the same
 */
export type Fault =
  | 'hangs'
  | { takes: number }
  | { fails: string; failure?: RuntimeFailure | undefined; done?: boolean | undefined }

/** A verb that is run. */
export interface FaultyCall {
  verb: FaultyVerb
  id: string
  name: string
  /** The engine's own time limit. */
  timeoutMs: number | undefined
  signal: AbortSignal
}

interface Scripted {
  verb: FaultyVerb
  fault: Fault
  container: string | undefined
}

/** The faults that a test has scripted. */
export class Faults {
  readonly #clock: VirtualClock
  #scripted: Scripted[] = []
  #isStoreFull = false

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Has the next run of a verb go wrong; of one container, by id or name, where one is given. */
  next(verb: FaultyVerb, fault: Fault, { container }: { container?: string | undefined } = {}): void {
    this.#scripted.push({ verb, fault, container })
  }

  /** How many of them have not come to pass. */
  get pending(): number {
    return this.#scripted.length
  }

  /** Leaves no space on the store's disk: what would be written is refused with StoreError `full`. */
  fillStore(): void {
    this.#isStoreFull = true
  }

  /** Gives the space back. What was to be written is, with the next commit or a second later. */
  freeStore(): void {
    this.#isStoreFull = false
  }

  get isStoreFull(): boolean {
    return this.#isStoreFull
  }

  /** Runs a verb, as its next fault has it. Rejects with the signal's reason, wherever it is. */
  async befall<T>(call: FaultyCall, work: () => T): Promise<T> {
    const fault = this.#take(call)
    if (fault === undefined) return work()
    if (fault === 'hangs') return this.#hang(call)
    if ('takes' in fault) {
      await this.#clock.wait(fault.takes, call.signal)
      return work()
    }
    if (fault.done === true) work()
    throw runtimeError(call, fault.fails, fault.failure)
  }

  #take({ verb, id, name }: FaultyCall): Fault | undefined {
    const index = this.#scripted.findIndex(
      (one) => one.verb === verb && (one.container === undefined || [id, name].includes(one.container)),
    )
    return index < 0 ? undefined : this.#scripted.splice(index, 1)[0]?.fault
  }

  async #hang(call: FaultyCall): Promise<never> {
    const limit = call.timeoutMs ?? (call.verb === 'create' ? CREATE_TIMEOUT_MS : VERB_TIMEOUT_MS)
    await this.#clock.wait(limit, call.signal)
    throw runtimeError(call, `it was not done after ${limit} ms, and was killed`, 'timed-out')
  }
}

const CREATE_TIMEOUT_MS = 240_000
const VERB_TIMEOUT_MS = 30_000

/** A runtime's failure, as the engine reads it from a real one. */
export function runtimeError(
  { verb, id }: Pick<FaultyCall, 'verb' | 'id'>,
  words: string,
  failure: RuntimeFailure = 'other',
): RuntimeError {
  const timedOut = failure === 'timed-out'
  const program = {
    ...{ path: SIMULATED_RUNTIME, verb, exitCode: timedOut ? null : 1, signal: timedOut ? 'SIGKILL' : null },
    ...{ stderr: words, logLine: words, durationMs: 0, timedOut },
  }
  return new RuntimeError(`simulated runtime ${verb} ${id}: ${words}`, failure, program, { containerId: id })
}

/** What `inspect` shows for the runtime. No such program exists. */
export const SIMULATED_RUNTIME = '/simulated/runtime'
