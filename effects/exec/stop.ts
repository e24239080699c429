import { basename, dirname } from 'node:path'
import { killMonitor } from '../conmon/monitor.ts'
import { removeFrom } from '../files/unfollowed.ts'
import { killGroupOf, type ProcessIdentity, signalProcess } from '../process/identity.ts'
import { findSessionProcess } from './process.ts'

const SIGKILL = 9

/**
 * Signals a session's process, that very one; SIGKILL goes to all that have stayed in its process group. False where
 * it is gone. Seed: execStopContainer, which signals every process of the container.
 */
export function signalSession(process: ProcessIdentity | undefined, signal: number): boolean {
  if (process === undefined) return false
  return signal === SIGKILL ? killSession(process) : signalProcess(process, signal)
}

/** A runtime makes each session's process the leader of a group. */
export function killSession(process: ProcessIdentity | undefined): boolean {
  return process !== undefined && killGroupOf(process)
}

/**
 * Ends what an earlier engine left of a session that nobody watches: its process, then the runtime or conmon. Gives
 * true once they are gone.
 */
export async function endUnwatched(
  sessionDir: string,
  process: ProcessIdentity | undefined,
): Promise<boolean> {
  killSession(findSessionProcess(sessionDir) ?? process)
  return killMonitor(sessionDir)
}

/** Removes what a session that is over has left; no matter where there is nothing. */
export function removeSession(session: { sessionDir: string; sessionId: string; socketsDir: string }): void {
  removeFrom(session.socketsDir, session.sessionId)
  removeFrom(dirname(session.sessionDir), basename(session.sessionDir))
}
