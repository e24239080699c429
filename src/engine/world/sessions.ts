import { startAttached } from '../../../effects/exec/attached.ts'
import { findDetached, startDetached } from '../../../effects/exec/detached.ts'
import { findSessionProcess } from '../../../effects/exec/process.ts'
import { endUnwatched, signalSession } from '../../../effects/exec/stop.ts'
import { startTerminal } from '../../../effects/exec/terminal.ts'
import { isSameProcess, readBootId } from '../../../effects/process/identity.ts'
import type {
  ExecRunInput,
  ExecSignalInput,
  FoundSession,
  ProcessFacts,
  StartedSession,
} from '../../../machines/index.ts'
import { RunchartError } from '../../errors.ts'
import { makeSessionDirectory } from '../creation/directories.ts'
import type { SessionEffects } from '../exec/effects.ts'
import type { Session } from '../exec/session.ts'
import { within } from '../monitor.ts'

/** conmon writes its exit file between its command's end and its own. */
const EXIT_FILE_MS = 5_000
const SIGKILL = 9

/** What is done to commands in containers: by the runtime and conmon. */
export const realSessions: SessionEffects = { start, deliver, find }

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
async function find(session: Session, input: ExecRunInput, signal: AbortSignal): Promise<FoundSession> {
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
