import { closeSync, constants, openSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { type Lifeline, makeLifeline, openBothEnds, openLifeline, type SyncPipe } from '../conmon/lifeline.ts'
import { makePrivate } from '../conmon/modes.ts'
import { killMonitor } from '../conmon/monitor.ts'
import { runPaths } from '../conmon/paths.ts'
import { parseSyncMessage } from '../conmon/sync-pipe.ts'
import { readExitFile } from '../exits/file.ts'
import { removeFrom } from '../files/unfollowed.ts'
import { loadLibc } from '../libc/libc.ts'
import { assertDescriptorsLeft } from '../process/descriptors.ts'
import type { ProcessIdentity } from '../process/identity.ts'
import { type Child, spawnChild } from '../program/child.ts'
import { prepareSession } from './attached.ts'
import { execConmonArgv, execConmonEnv, execConmonFds, type MonitoredExecOptions } from './conmon-argv.ts'
import { execFailure } from './failure.ts'
import { findSessionProcess } from './process.ts'
import { killSession } from './stop.ts'
import { type ExecCall, letFinish, TimedOut, withinTime } from './time.ts'

/** A command that conmon watches, whoever else lives. */
export interface DetachedExec {
  /** undefined where it had ended before it could be looked at. */
  process: ProcessIdentity | undefined
  /** The exit code; undefined where conmon died without telling it. Never rejects; pending after `close`. */
  exited: Promise<number | undefined>
  /** Stops watching. The command lives on. */
  close(): void
}

/**
 * Has conmon run a command in a container that runs. Resolves once the command runs.
 *
 * @throws RuntimeError with the runtime's own words; its `failure` tells a missing command from other faults
 * @throws ProgramError where conmon cannot be spawned
 * @throws the signal's reason when aborted
 */
export function startDetached(options: MonitoredExecOptions, call: ExecCall): Promise<DetachedExec> {
  return startMonitored(options, call, async (conmon) => conmon.letGo())
}

/** A conmon that waits at its start pipe. */
export interface WaitingConmon {
  /** With `attach`: resolves when conmon listens for clients, or is gone. */
  readonly listens: Promise<void>
  /** Lets it take its first step; with `attach` it waits once more before the command runs. */
  letListen(): void
  /** Lets it run the command. */
  letGo(): void
}

/** As {@link startDetached}; `lead` takes conmon from its start to the command's, within the call's time. */
export function startMonitored(
  options: MonitoredExecOptions,
  call: ExecCall,
  lead: (conmon: WaitingConmon) => Promise<void>,
): Promise<DetachedExec> {
  const args = execConmonArgv(options)
  return call.limit(() => startNow(options, args, call, lead), call.signal)
}

/** Watches a session that an earlier engine had started; undefined where conmon was never run for it. */
export function findDetached(sessionDir: string): DetachedExec | undefined {
  const lifeline = openLifeline(runPaths(sessionDir).lifeline)
  return lifeline === undefined ? undefined : watchSession(sessionDir, lifeline)
}

async function startNow(
  options: MonitoredExecOptions,
  args: string[],
  call: ExecCall,
  lead: (conmon: WaitingConmon) => Promise<void>,
): Promise<DetachedExec> {
  assertDescriptorsLeft(options.containerId)
  prepareSession(options, call.base)
  const { lifeline } = runPaths(options.sessionDir)
  await makeLifeline(lifeline)
  call.signal?.throwIfAborted()
  const startedAt = performance.now()
  const { child, syncPipe } = await spawnConmon(options, args)
  try {
    await withinTime(lead(waitingConmon(child, options)), call)
    const line = await withinTime(syncPipe.line, call)
    await withinTime(child.ended, call)
    const message = line === '' ? { failed: '' } : parseSyncMessage(line)
    if ('failed' in message) throw execFailure(options, { said: message.failed, startedAt })
    makePrivate({ bundle: options.sessionDir, runDir: options.sessionDir })
    return watchSession(options.sessionDir, syncPipe)
  } catch (error) {
    await letFinish(syncPipe.line)
    child.kill()
    killSession(findSessionProcess(options.sessionDir))
    await killMonitor(options.sessionDir, syncPipe)
    syncPipe.close()
    removeFrom(options.socketsDir, options.sessionId)
    throw error instanceof TimedOut ? execFailure(options, { said: '', startedAt, timedOut: true }) : error
  }
}

async function spawnConmon(
  options: MonitoredExecOptions,
  args: string[],
): Promise<{ child: Child; syncPipe: SyncPipe }> {
  const libc = await loadLibc()
  const { lifeline, monitorLog } = runPaths(options.sessionDir)
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants
  const logFd = openSync(monitorLog, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  try {
    const ends = openBothEnds(lifeline)
    try {
      const child = spawnChild(libc, {
        path: options.conmonPath,
        args,
        cwd: options.sessionDir,
        env: execConmonEnv(options),
        stdio: [
          ...(['ignore', 'ignore', logFd, ...options.preserveFds, 'pipe'] as const),
          ...(options.attach === true ? (['pipe'] as const) : []),
          ends.writerFd,
        ],
        containerId: options.containerId,
      })
      return { child, syncPipe: ends.watch() }
    } catch (error) {
      ends.abandon()
      throw error
    } finally {
      closeSync(ends.writerFd)
    }
  } finally {
    closeSync(logFd)
  }
}

function waitingConmon({ pipes }: Child, options: MonitoredExecOptions): WaitingConmon {
  const { start, attach } = execConmonFds(options)
  const startPipe = pipes[start] as Duplex
  // A conmon that dies early breaks it; the sync pipe's end tells of that.
  startPipe.on('error', () => {})
  return {
    listens: attach === undefined ? Promise.resolve() : firstWord(pipes[attach] as Duplex),
    letListen: () => void startPipe.write(Buffer.of(0)),
    letGo: () => void startPipe.end(Buffer.of(0)),
  }
}

async function firstWord(pipe: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => resolve()
    pipe.once('data', done).once('end', done).once('error', done).once('close', done)
  })
  pipe.on('error', () => {}).destroy()
}

/** conmon writes the exit file before it ends, and its end is the end of the lifeline. */
function watchSession(sessionDir: string, lifeline: Lifeline): DetachedExec {
  return {
    process: findSessionProcess(sessionDir),
    exited: lifeline.ended.then(() => readCode(sessionDir)),
    close: () => lifeline.close(),
  }
}

function readCode(sessionDir: string): number | undefined {
  try {
    return readExitFile(sessionDir, 'exit')?.code
  } catch {
    return undefined
  }
}
