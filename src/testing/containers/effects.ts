import { mkdirSync, rmSync } from 'node:fs'
import type {
  CreatedFacts,
  ExitCause,
  Reconciled,
  ReconcileInput,
  SignalInput,
} from '../../../machines/index.ts'
import type { ContainerEffects } from '../../engine/effects.ts'
import { interruptedCreation } from '../../engine/reconcile.ts'
import type { Supervisor } from '../../engine/supervisor.ts'
import { RuntimeError } from '../../errors.ts'
import { NotSimulatedError } from '../errors.ts'
import { type FaultyVerb, runtimeError } from '../faults.ts'
import { findProgram, runsOn } from '../program.ts'
import { writeLog } from './log.ts'
import type { SimulatedMachine } from './machine.ts'
import type { Birth } from './process.ts'
import type { SimulatedRun } from './run.ts'

const SIGKILL = 9

/** What a container's first process is started with. */
type PrimaryProcess = Pick<Birth, 'command' | 'env'>

/** What is done to the containers of a machine that is none. */
export class SimulatedContainers implements ContainerEffects {
  readonly #machine: SimulatedMachine
  /** Of containers that have their directory; a spec never changes, and reading it takes longer than all else. */
  readonly #processes = new WeakMap<Supervisor, PrimaryProcess>()

  constructor(machine: SimulatedMachine) {
    this.#machine = machine
  }

  create = (supervisor: Supervisor, { generation }: { generation: number }, signal: AbortSignal) => {
    const abort = AbortSignal.any([signal, supervisor.creation.signal])
    return this.#befall('create', supervisor, abort, (): CreatedFacts => {
      const { paths, id } = supervisor
      const print = writeLog(paths.log, this.#machine.clock)
      const run = this.#machine.createRun(id, { ...this.#processOf(supervisor), print })
      hearExit(supervisor, run, generation)
      return { process: run.process.facts, monitor: run.monitor }
    })
  }

  start = (supervisor: Supervisor, _: unknown, signal: AbortSignal) =>
    this.#act('start', supervisor, signal, (run) => {
      const { process } = run
      run.start(() => process.begin(findProgram(this.#machine.programs, process.command) ?? runsOn))
    })

  deliver = (supervisor: Supervisor, { signal: number, all }: SignalInput, signal: AbortSignal) =>
    this.#act('kill', supervisor, signal, (run) => {
      if (all) for (const process of run.processes.slice(1)) process.signal(number)
      run.process.signal(number)
    })

  killUnaided = ({ id }: Supervisor): boolean => this.#machine.run(id)?.process.signal(SIGKILL) === true

  isGone = ({ id }: Supervisor, error: unknown): boolean =>
    error instanceof RuntimeError && this.#machine.run(id)?.isAlive !== true

  pause = (supervisor: Supervisor, _: unknown, signal: AbortSignal) =>
    this.#act('pause', supervisor, signal, (run) => run.freeze())

  resume = (supervisor: Supervisor, _: unknown, signal: AbortSignal) =>
    this.#act('resume', supervisor, signal, (run) => run.thaw())

  checkpoint = ({ id }: Supervisor) => Promise.reject(notCheckpointed(id))

  restore = ({ id }: Supervisor) => Promise.reject(notCheckpointed(id))

  recordExit = (): void => {}

  /** As with a real runtime: where it does not let go at once it is forced. */
  cleanUp = async (supervisor: Supervisor, signal: AbortSignal): Promise<void> => {
    const remove = (): void => this.#machine.removeRun(supervisor.id)
    try {
      await this.#befall('delete', supervisor, signal, remove)
    } catch (error) {
      supervisor.logger.warn({ err: error }, 'the runtime did not let go at once; it is forced')
      await this.#befall('delete', supervisor, signal, remove)
    }
  }

  remove = async ({ paths }: Supervisor): Promise<void> => {
    rmSync(paths.directory, { recursive: true, force: true })
  }

  reconcile = async (supervisor: Supervisor, input: ReconcileInput): Promise<Reconciled> => {
    const { bootId } = this.#machine
    const was = input.known?.state
    if (was === 'removing') return { found: 'removing' }
    if (was === 'stopped' || was === 'cleaning') return { found: 'ended' }
    const run = this.#machine.run(supervisor.id)
    if (was === 'creating' || was === 'restoring') return this.#abandonCreation(supervisor)
    if (input.process !== undefined && input.process.bootId !== bootId) return this.#lost('host-restart')
    if (run === undefined) return this.#lost('monitor-lost')
    return this.#look(supervisor, input, run)
  }

  /** Before its first run a container gets its directory. */
  #processOf(supervisor: Supervisor): PrimaryProcess {
    const known = this.#processes.get(supervisor)
    if (known !== undefined) return known
    mkdirSync(supervisor.paths.directory, { recursive: true })
    const { args, env = [] } = supervisor.spec().process
    const process = { command: args, env }
    this.#processes.set(supervisor, process)
    return process
  }

  #look(supervisor: Supervisor, { known, generation }: ReconcileInput, run: SimulatedRun): Reconciled {
    const { exitEvidence: evidence, facts: process } = run.process
    if (evidence !== undefined && run.isMonitored) return { found: 'ended', evidence }
    if (!run.isMonitored && (evidence !== undefined || !mayLiveOn(supervisor))) {
      run.kill()
      return this.#lost('monitor-lost')
    }
    // It is another engine's that heard of it before.
    if (known !== undefined) hearExit(supervisor, run, generation)
    return { found: run.status, process, monitor: run.isMonitored ? run.monitor : undefined }
  }

  #abandonCreation(supervisor: Supervisor): Reconciled {
    this.#machine.removeRun(supervisor.id)
    return { found: 'absent', failure: interruptedCreation(supervisor) }
  }

  #lost(cause: ExitCause): Reconciled {
    const finishedAt = this.#machine.clock.now().toISOString()
    return { found: 'ended', evidence: { code: -1, oomKilled: false, finishedAt, cause } }
  }

  /** A verb of the runtime on a container whose process lives. */
  #act(
    verb: FaultyVerb,
    supervisor: Supervisor,
    signal: AbortSignal,
    work: (run: SimulatedRun) => void,
  ): Promise<void> {
    return this.#befall(verb, supervisor, signal, () => {
      const run = this.#machine.run(supervisor.id)
      if (run?.isAlive !== true)
        throw runtimeError({ verb, id: supervisor.id }, 'container not running', 'not-running')
      work(run)
    })
  }

  #befall<T>(verb: FaultyVerb, supervisor: Supervisor, signal: AbortSignal, work: () => T): Promise<T> {
    const { id, name, engine } = supervisor
    const { runtimeTimeoutMs: timeoutMs } = engine.creation
    return this.#machine.faults.befall({ verb, id, name, timeoutMs, signal }, work)
  }
}

/** The exit is told to the chart; where conmon is gone by then, by the kernel, if it may be. */
function hearExit(supervisor: Supervisor, run: SimulatedRun, generation: number): void {
  void run.process.ended.then((evidence) => {
    const isTold = run.isMonitored || mayLiveOn(supervisor)
    if (isTold && supervisor.isAlive) supervisor.tellExit(evidence, generation)
  })
}

const mayLiveOn = ({ engine }: Supervisor): boolean => engine.creation.monitorLost === 'keep'

/** Nothing is written that a restore could read. */
export const notCheckpointed = (containerId: string): NotSimulatedError =>
  new NotSimulatedError('checkpoints are not simulated', {
    containerId,
    hint: 'test with a real engine what is done with checkpoints',
  })
