import { fromPromise } from 'xstate'
import { startAttached } from '../../../effects/exec/attached.ts'
import { findDetached, startDetached } from '../../../effects/exec/detached.ts'
import { findSessionProcess } from '../../../effects/exec/process.ts'
import { endUnwatched, signalSession } from '../../../effects/exec/stop.ts'
import { startTerminal } from '../../../effects/exec/terminal.ts'
import { isSameProcess, readBootId } from '../../../effects/process/identity.ts'
import {
  type ExecRunInput,
  type ExecSignalInput,
  execMachine,
  type FoundSession,
  type ProcessFacts,
  type StartedSession,
} from '../../../machines/index.ts'
import { RunchartError } from '../../errors.ts'
import { makeSessionDirectory } from '../creation/directories.ts'
import { within } from '../monitor.ts'
import { afterCommit } from '../work/after-commit.ts'
import { type EffectTrace, traced } from '../work/tracing.ts'
import type { Session } from './session.ts'

/** conmon writes its exit file between its command's end and its own. */
const EXIT_FILE_MS = 5_000
const SIGKILL = 9

/** The exec chart with the effects of one session. */
export function provideExecEffects(session: Session): typeof execMachine {
  const effect = <Output, Input extends ExecRunInput>(
    name: string,
    work: (session: Session, input: Input, signal: AbortSignal) => Promise<Output>,
  ) =>
    fromPromise<Output, Input>(({ input, signal }) =>
      afterCommit(session.supervisor.engine, signal, () =>
        traced(traceOf(name, session), () => work(session, input, signal)),
      ),
    )
  return execMachine.provide({
    actors: {
      startSession: effect('startSession', start),
      signalSession: fromPromise<void, ExecSignalInput>(({ input }) =>
        traced(traceOf('signalSession', session), () => answer(session, input)),
      ),
      findSession: effect('findSession', findSession),
    },
  })
}

const traceOf = (effect: string, { id, supervisor }: Session): EffectTrace => ({
  effect,
  containerId: supervisor.id,
  name: supervisor.name,
  generation: supervisor.row.generation,
  sessionId: id,
})

async function start(session: Session, _: ExecRunInput, chartSignal: AbortSignal): Promise<StartedSession> {
  const { supervisor, request, directory } = session
  if (request === undefined) throw new Error('only a new session is started')
  const { engine } = supervisor
  const { process } = supervisor.spec()
  const { detach, stdin, command, env, cwd, user, capabilities, tty, size, preserveFds } = request
  const options = {
    ...{ command, env, cwd, user, capabilities, tty, size, preserveFds, stdin },
    runtimePath: engine.runtime.path,
    runtimeRoot: engine.runtime.root,
    containerId: supervisor.id,
    sessionId: session.id,
    sessionDir: directory,
    noNewPrivileges: process.noNewPrivileges === true,
  }
  const signal = AbortSignal.any([chartSignal, session.starting.signal])
  makeSessionDirectory(supervisor, directory)
  const { runtimeTimeoutMs: timeoutMs } = engine.creation
  const call = { signal, limit: engine.limit, timeoutMs, base: process }
  const monitored = { ...options, conmonPath: engine.conmonPath, socketsDir: engine.paths.sockets }
  if (detach) {
    session.detached = await startDetached(monitored, call)
    // The engine has let go of it in that very moment, and of what watches it nobody else would.
    if (chartSignal.aborted) session.detached.close()
    return { process: session.detached.process }
  }
  session.attached = await (tty ? startTerminal(monitored, call) : startAttached(options, call))
  if (chartSignal.aborted) session.attached.release()
  return { process: session.attached.process }
}

/**
 * Nobody awaits the actor of a `kill`: its failure is its caller's, and must not become the chart's. A signal waits
 * for no disk: what is bound to its caller has to end when that is full as well.
 */
async function answer(session: Session, input: ExecSignalInput): Promise<void> {
  const answered = input.request === undefined ? undefined : session.signalRequests.get(input.request)
  try {
    await deliver(session, input)
    answered?.(undefined)
  } catch (error) {
    if (input.request === undefined) throw error
    answered?.(error instanceof Error ? error : new Error(String(error)))
  }
}

/** A process already gone needs no signal: its exit is on the way. */
async function deliver(session: Session, { process, signal }: ExecSignalInput): Promise<void> {
  if (session.isAbandoned) {
    session.attached?.release()
    if (await endUnwatched(session.directory, process)) return
    throw new RunchartError('EUNDEAD', `session ${session.id} has a runtime that outlived SIGKILL`, {
      containerId: session.supervisor.id,
    })
  }
  signalSession(process ?? findSessionProcess(session.directory), signal)
  if (signal === SIGKILL) session.expectDeath()
}

/** What has become of a session that an earlier engine had begun. The streams of an attached one died with it. */
async function findSession(
  session: Session,
  input: ExecRunInput,
  signal: AbortSignal,
): Promise<FoundSession> {
  const { row, directory } = session
  if (input.process !== undefined && input.process.bootId !== readBootId())
    return { found: 'ended', code: -1 }
  const process = findSessionProcess(directory) ?? alive(input.process)
  const watched = row.detached ? findDetached(directory) : undefined
  if (watched === undefined) return { found: 'unwatched', process }
  session.detached = watched
  if (process !== undefined) return { found: 'running', process }
  let code: number | undefined
  const told = watched.exited.then((exitCode) => {
    code = exitCode
  })
  await within(told, EXIT_FILE_MS, signal)
  return code === undefined ? { found: 'unwatched', process } : { found: 'ended', code }
}

const alive = (process: ProcessFacts | undefined): ProcessFacts | undefined =>
  process !== undefined && isSameProcess(process) ? process : undefined
