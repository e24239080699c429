import type { ProcessFacts } from '../../../machines/index.ts'
import type { VirtualClock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Programs } from '../program.ts'
import { type Birth, SimulatedProcess } from './process.ts'
import { SimulatedRun } from './run.ts'

/** No kernel numbers a process like that: Linux ends at 2²². Nothing that is done to one can reach a real process. */
const FIRST_PID = 2 ** 22 + 1

/** What a world of containers is made with. */
export interface Conditions {
  clock: VirtualClock
  faults: Faults
  programs: Programs
}

/** The containers of a simulated world, as conmon and a runtime would have them. They outlive engines. */
export class SimulatedMachine {
  readonly clock: VirtualClock
  readonly faults: Faults
  readonly programs: Programs
  readonly #runs = new Map<string, SimulatedRun>()
  #lastPid = FIRST_PID
  #boots = 1

  constructor({ clock, faults, programs }: Conditions) {
    this.clock = clock
    this.faults = faults
    this.programs = programs
  }

  get bootId(): string {
    return `simulated boot ${this.#boots}`
  }

  /** What the runtime knows of a container; undefined where that is nothing. */
  run(id: string): SimulatedRun | undefined {
    return this.#runs.get(id)
  }

  /** conmon makes a run of a container, which waits for its start. */
  createRun(id: string, birth: Omit<Birth, 'facts'>): SimulatedRun {
    const monitor = this.#newFacts()
    const run = new SimulatedRun(monitor, this.makeProcess(birth))
    this.#runs.set(id, run)
    return run
  }

  /** A process, which waits to begin. */
  makeProcess(birth: Omit<Birth, 'facts'>): SimulatedProcess {
    return new SimulatedProcess({ ...birth, facts: this.#newFacts() }, this.clock)
  }

  /** The runtime lets go of a container, whose processes are killed. */
  removeRun(id: string): void {
    this.#runs.get(id)?.kill()
    this.#runs.delete(id)
  }

  /** Every process is gone, and nobody has told of it. */
  reboot(): void {
    for (const run of this.#runs.values()) run.isMonitored = false
    for (const id of [...this.#runs.keys()]) this.removeRun(id)
    this.#boots += 1
  }

  #newFacts(): ProcessFacts {
    this.#lastPid += 1
    return { pid: this.#lastPid, startTime: String(this.clock.now().getTime()), bootId: this.bootId }
  }
}
