import type { ProcessFacts } from '../../../machines/index.ts'
import type { SimulatedProcess } from './process.ts'

const SIGKILL = 9

/** One run of a container: its first process, the commands in it, and the conmon that watches it. */
export class SimulatedRun {
  readonly process: SimulatedProcess
  /** The conmon's process. */
  readonly monitor: ProcessFacts
  /** Whether that lives. */
  isMonitored = true
  /** Commands of `exec`, by the id of their session. */
  readonly sessions = new Map<string, SimulatedProcess>()
  #hasStarted = false

  constructor(monitor: ProcessFacts, process: SimulatedProcess) {
    this.monitor = monitor
    this.process = process
    // With its first process all in a container's pid namespace end.
    void process.ended.then(() => {
      for (const session of this.sessions.values()) session.signal(SIGKILL)
    })
  }

  get isAlive(): boolean {
    return this.process.exitEvidence === undefined
  }

  /** As a runtime tells it of one that is alive. */
  get status(): 'created' | 'running' | 'paused' {
    if (this.process.isFrozen) return 'paused'
    return this.#hasStarted ? 'running' : 'created'
  }

  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** The first process and the commands. */
  get processes(): SimulatedProcess[] {
    const living = [...this.sessions.values()].filter(({ exitEvidence }) => exitEvidence === undefined)
    return [this.process, ...living]
  }

  start(begin: () => void): void {
    this.#hasStarted = true
    begin()
  }

  freeze(): void {
    for (const process of this.processes) process.freeze()
  }

  thaw(): void {
    for (const process of this.processes) process.thaw()
  }

  kill(): void {
    for (const process of this.processes) process.signal(SIGKILL)
  }
}
