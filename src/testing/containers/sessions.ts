import { PassThrough } from 'node:stream'
import type { ExecRunInput, ExecSignalInput, FoundSession, StartedSession } from '../../../machines/index.ts'
import type { SessionEffects } from '../../engine/exec/effects.ts'
import type { Session } from '../../engine/exec/session.ts'
import { NotSimulatedError } from '../errors.ts'
import { runtimeError } from '../faults.ts'
import { findProgram, type Program } from '../program.ts'
import type { SimulatedMachine } from './machine.ts'
import type { SimulatedProcess } from './process.ts'
import type { SimulatedRun } from './run.ts'

/** What is done to the commands in containers of a machine that is none. */
export class SimulatedSessions implements SessionEffects {
  readonly #machine: SimulatedMachine

  constructor(machine: SimulatedMachine) {
    this.#machine = machine
  }

  start = (session: Session, _: ExecRunInput, chartSignal: AbortSignal): Promise<StartedSession> => {
    const { supervisor, starting } = session
    const { id, name, engine } = supervisor
    const signal = AbortSignal.any([chartSignal, starting.signal])
    const call = { verb: 'exec' as const, id, name, timeoutMs: engine.creation.runtimeTimeoutMs, signal }
    return this.#machine.faults.befall(call, () => {
      const run = this.#machine.run(id)
      if (run?.isAlive !== true) throw runtimeError(call, 'container not running', 'not-running')
      const process = this.#makeProcess(session, run)
      process.begin(this.#programOf(session))
      return { process: process.facts }
    })
  }

  deliver = async (session: Session, { signal }: ExecSignalInput): Promise<void> => {
    this.#process(session)?.signal(signal)
    if (session.isAbandoned) session.attached?.release()
  }

  /** The streams of an attached one died with the engine that had begun it. */
  find = async (session: Session, input: ExecRunInput): Promise<FoundSession> => {
    const process = this.#process(session)
    if (process === undefined) return { found: 'ended', code: -1 }
    if (!session.row.detached) return { found: 'unwatched', process: input.process }
    session.detached = watched(process)
    const { exitEvidence } = process
    if (exitEvidence !== undefined) return { found: 'ended', code: exitEvidence.code }
    return { found: 'running', process: process.facts }
  }

  #process({ supervisor, id }: Session): SimulatedProcess | undefined {
    return this.#machine.run(supervisor.id)?.sessions.get(id)
  }

  /** Before anything runs: what a command would have done is nobody's to guess. */
  #programOf({ row, supervisor }: Session): Program {
    const program = findProgram(this.#machine.programs, row.command)
    if (program !== undefined) return program
    const [name = ''] = row.command
    throw new NotSimulatedError(`nobody has said what ${name} does in container ${supervisor.name}`, {
      containerId: supervisor.id,
      hint: `open the simulated engine with programs: { '${name.split('/').at(-1)}': … }`,
    })
  }

  #makeProcess(session: Session, run: SimulatedRun): SimulatedProcess {
    this.#programOf(session)
    const { request } = session
    const { env = [] } = session.supervisor.spec().process
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const hasInput = request?.stdin === true
    const process = this.#machine.makeProcess({
      command: session.row.command,
      env: [...env, ...(request?.env ?? [])],
      stdin: hasInput ? stdin : undefined,
      print: (line, stream) => (stream === 'stderr' && !request?.tty ? stderr : stdout).write(`${line}\n`),
    })
    run.sessions.set(session.id, process)
    const release = (): void => {
      stdout.end()
      stderr.end()
    }
    void process.ended.then(release)
    if (session.row.detached) session.detached = watched(process)
    else {
      const exited = process.ended.then(({ code }) => code)
      const streams = { process: process.facts, stdin: hasInput ? stdin : undefined, stdout, exited, release }
      session.attached = request?.tty
        ? { ...streams, stderr: undefined, resize: async () => {} }
        : { ...streams, stderr }
    }
    return process
  }
}

const watched = ({ facts, ended }: SimulatedProcess) => ({
  process: facts,
  exited: ended.then(({ code }) => code),
  close: () => {},
})
