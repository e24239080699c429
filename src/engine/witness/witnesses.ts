import type { Lifeline } from '../../../effects/conmon/lifeline.ts'
import { type ExitWatch, watchExit } from '../../../effects/process/exit-watch.ts'
import type { ExitEvidence, ProcessFacts } from '../../../machines/index.ts'
import type { Supervisor } from '../supervisor.ts'

/**
 * Who tells of the end of a container's run besides its exit file: conmon, by the end of its lifeline; and of a
 * container that is kept without its conmon, the kernel.
 */
export class Witnesses {
  readonly #supervisor: Supervisor
  #lifeline: Lifeline | undefined
  #orphan: ExitWatch | undefined
  /** Changes whenever somebody else is to tell. */
  #turn = 0

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
  }

  /** conmon's; undefined where there is none. */
  get lifeline(): Lifeline | undefined {
    return this.#lifeline
  }

  /** The end of a process that is kept without its conmon. */
  get orphan(): ExitWatch | undefined {
    return this.#orphan
  }

  /** Keeps conmon's lifeline; it is watched as soon as the chart has a place for its end. */
  hold(lifeline: Lifeline): void {
    this.release()
    this.#lifeline = lifeline
    // Nobody else would let go of it.
    if (this.#supervisor.isClosed) this.release()
  }

  /** Lets go of all; the run is over, or the engine closes. */
  release(): void {
    this.#turn += 1
    this.#lifeline?.close()
    this.#lifeline = undefined
    this.#orphan?.close()
    this.#orphan = undefined
  }

  /**
   * The lifeline's end is the second witness of an exit, or the loss of the monitor. One that ended earlier is
   * heard of now, so that no end falls between two states.
   */
  watch(generation: number): void {
    const lifeline = this.#lifeline
    // What the kernel has told of the exits directory meanwhile is heard first.
    void lifeline?.ended.then(nextTurn).then(() => {
      if (lifeline === this.#lifeline) void this.#onEnd(generation)
    })
  }

  /**
   * Has the kernel tell of a process in the place of its conmon. False where it is gone.
   *
   * @throws the system's error where no watch can be had
   */
  async keep(process: ProcessFacts, generation: number): Promise<boolean> {
    this.release()
    const turn = this.#turn
    const orphan = await watchExit(process)
    if (turn !== this.#turn || this.#supervisor.isClosed) {
      orphan?.close()
      return this.#orphan !== undefined
    }
    this.#orphan = orphan
    void orphan?.ended.then((code) => this.#supervisor.tellExit(orphanExit(code), generation))
    return orphan !== undefined
  }

  async #onEnd(generation: number): Promise<void> {
    const lost = { type: 'monitor.lost', generation } as const
    const supervisor = this.#supervisor
    if (!supervisor.isAlive || !supervisor.takes({ ...lost, kept: false })) return
    const wasSeen = supervisor.hasSeenExit(generation)
    // conmon writes the exit file before it ends.
    const wasWritten = this.#tryObserve()
    if (!wasSeen) supervisor.doubtWatch(wasWritten)
    if (wasWritten) return
    supervisor.observe({ ...lost, kept: await this.#tryKeep(generation) })
  }

  /** An exit file that cannot be read now is asked for again by whoever asks the world. */
  #tryObserve(): boolean {
    try {
      return this.#supervisor.observeExit()
    } catch (error) {
      this.#supervisor.logger.warn({ err: error }, 'the exit file could not be read')
      return false
    }
  }

  /** Where this fails the world is asked, and it is tried again there. */
  async #tryKeep(generation: number): Promise<boolean> {
    const { engine, logger, process } = this.#supervisor
    if (engine.creation.monitorLost !== 'keep' || process === undefined) return false
    try {
      return await this.keep(process, generation)
    } catch (error) {
      logger.warn({ err: error }, 'a container without conmon cannot be watched')
      return false
    }
  }
}

const nextTurn = (): Promise<void> => new Promise(setImmediate)

/** An exit as the kernel told it. */
export const orphanExit = (code: number | undefined): ExitEvidence => ({
  code: code ?? -1,
  oomKilled: false,
  finishedAt: new Date().toISOString(),
  ...(code === undefined && { cause: 'monitor-lost' }),
})
