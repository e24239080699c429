import { mkdirSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createLimiter } from '../../effects/process/limiter.ts'
import type { Runtime } from '../../effects/runtime/runtime.ts'
import { type CreationOptions, creationSettings } from '../engine/creation/settings.ts'
import type { ContainerEngine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/open.ts'
import { presentBoot } from '../engine/policies/boot.ts'
import { assembleEngine } from '../engine/world/assemble.ts'
import { NotFoundError } from '../errors.ts'
import { type EnginePaths, enginePaths } from '../root/paths.ts'
import { parseSignal } from '../spec/signals.ts'
import type { Engine } from '../types.ts'
import { VirtualClock } from './clock.ts'
import { SimulatedMachine } from './containers/machine.ts'
import type { SimulatedRun } from './containers/run.ts'
import { NotSimulatedError } from './errors.ts'
import { Faults, SIMULATED_RUNTIME } from './faults.ts'
import type { Programs } from './program.ts'
import { FillableStore } from './store.ts'
import { worldOf } from './world.ts'

/** What a simulated engine is opened with; everything has a default. */
export interface SimulationOptions extends CreationOptions, Pick<EngineOptions, 'inspect' | 'logger'> {
  /**
   * What commands do, by the last part of their path. A container's own command that is not among them runs until it is
   * told to end, and obeys every signal that would end a process; one of `exec` is refused with NotSimulatedError.
   */
  programs?: Programs | undefined
  /** Where virtual time begins; now where left out. */
  startsAt?: Date | undefined
}

/** How a process ends: with a code, or by a signal. */
export type SimulatedExit =
  | { code: number; oomKilled?: boolean | undefined }
  | { signal: string | number; oomKilled?: boolean | undefined }

/**
 * A machine that is none, an engine that owns it, and the hand that moves both. The engine is the real one, with its
 * charts, its store and its stream of events; only what it does to the world is simulated. No process is started or
 * signalled, and nothing is written but in a temporary directory, which goes with it.
 */
export class SimulatedWorld implements AsyncDisposable {
  /** Time, which stands still until it is told to pass. */
  readonly clock: VirtualClock
  /** What is to go wrong. */
  readonly faults: Faults
  readonly #options: SimulationOptions
  readonly #machine: SimulatedMachine
  readonly #directory: string
  #engine: ContainerEngine | undefined

  /** @internal */
  constructor(directory: string, options: SimulationOptions) {
    this.#directory = directory
    this.#options = options
    this.clock = new VirtualClock(options.startsAt ?? new Date())
    this.faults = new Faults(this.clock)
    this.#machine = new SimulatedMachine({
      clock: this.clock,
      faults: this.faults,
      programs: options.programs ?? {},
    })
  }

  /** The engine; another one after a restart. */
  get engine(): Engine {
    return this.#opened
  }

  /**
   * Ends the first process of a container, as if by itself.
   *
   * @throws NotFoundError where there is no such container, or no process of it lives
   */
  exit(idOrName: string, exit: SimulatedExit = { code: 0 }): void {
    const code = 'code' in exit ? exit.code : 128 + parseSignal(exit.signal)
    this.#runOf(idOrName).process.end({ code, oomKilled: exit.oomKilled })
  }

  /** No signal ends the first process of a container any more, as in uninterruptible sleep; only `exit` does. */
  makeUnkillable(idOrName: string): void {
    this.#runOf(idOrName).process.isUnkillable = true
  }

  /** Ends the conmon of a container, as if it had been killed. Throws NotFoundError as `exit` does. */
  loseMonitor(idOrName: string): void {
    const run = this.#runOf(idOrName)
    run.isMonitored = false
    const supervisor = this.#opened.supervisor(this.engine.get(idOrName).id)
    const { generation } = supervisor.row
    const kept = this.#options.monitorLost === 'keep'
    supervisor.observe({ type: 'monitor.lost', generation, kept })
  }

  /** Closes the engine, cutting off what is under way, and opens the next one, which finds its containers as they are. */
  async restartEngine(): Promise<Engine> {
    await this.#engine?.close({ timeout: 0 })
    return this.open()
  }

  /** The machine is switched off and on again: every process is gone. */
  async restartMachine(): Promise<Engine> {
    await this.#engine?.close({ timeout: 0 })
    this.#machine.reboot()
    return this.open()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#engine?.close({ timeout: 0 })
    } finally {
      await rm(this.#directory, { recursive: true, force: true })
    }
  }

  /** @internal */
  async open(): Promise<Engine> {
    const { logger = pino({ level: 'silent' }), inspect } = this.#options
    const paths = this.#paths()
    const creation = creationSettings(this.#options, logger.level)
    this.#engine = await assembleEngine({
      ...{ paths, creation, logger, owned: [], world: worldOf(this.#machine) },
      inspector: inspect,
      store: new FillableStore(paths.store, this.#machine.bootId, this.faults),
      conmonPath: '/simulated/conmon',
      runtime: NO_RUNTIME,
      runtimeAt: () => NO_RUNTIME,
      limit: createLimiter(1),
      boot: presentBoot(this.#machine.bootId),
    })
    return this.#engine
  }

  get #opened(): ContainerEngine {
    if (this.#engine === undefined) throw new Error('the simulated engine has not been opened')
    return this.#engine
  }

  #paths(): EnginePaths {
    const paths = enginePaths(join(this.#directory, 'root'), join(this.#directory, 'run'))
    for (const path of [paths.root, paths.runRoot]) mkdirSync(path, { recursive: true, mode: 0o700 })
    return paths
  }

  #runOf(idOrName: string): SimulatedRun {
    const { id, name, state } = this.engine.get(idOrName)
    const run = this.#machine.run(id)
    if (run?.isAlive === true) return run
    throw new NotFoundError(`no process of container ${name} lives: it is ${state}`, {
      containerId: id,
      hint: 'create and start it first, and let time pass where its create takes some',
    })
  }
}

const notRun = () =>
  Promise.reject(new NotSimulatedError('a simulated engine has no runtime that could be run'))

const NO_RUNTIME: Runtime = {
  path: SIMULATED_RUNTIME,
  root: '/simulated',
  ...{ state: notRun, start: notRun, kill: notRun, pause: notRun, resume: notRun },
  ...{ delete: notRun, checkpoint: notRun, processes: notRun, list: notRun },
}

/**
 * Opens an engine in a world of its own, simulated. It needs no root, no conmon, no runtime and no Linux.
 *
 * Throws InvalidInputError for an option that is none.
 *
 * @example
 * await using world = await openSimulatedEngine()
 * const container = await world.engine.create({ rootfs: '/any', command: ['sleep', '10'] })
 * await container.start()
 * world.exit(container.id, { code: 3 })
 * await container.wait() // { code: 3, cause: 'exited', … }
 */
export async function openSimulatedEngine(options: SimulationOptions = {}): Promise<SimulatedWorld> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'runchart-simulated-')))
  const world = new SimulatedWorld(directory, options)
  try {
    await world.open()
    return world
  } catch (error) {
    await world[Symbol.asyncDispose]()
    throw error
  }
}
