import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { ProgramError } from '../errors.ts'
import { type ConmonOptions, conmonArgv, conmonEnv, START_FD, SYNC_FD } from './argv.ts'
import { type Lifeline, openBothEnds } from './lifeline.ts'
import { runPaths } from './paths.ts'
import { MAX_SYNC_LINE, parseSyncMessage, type SyncMessage } from './sync-pipe.ts'

/** A conmon that waits at its start pipe. */
export interface SpawnedConmon {
  /** Of its parent half, which exits once it has forked the monitor proper. */
  readonly pid: number
  readonly lifeline: Lifeline
  /** `performance.now()` of the spawn. */
  readonly startedAt: number
  /** What it reports; undefined where it went without a word. Never rejects. */
  readonly message: Promise<SyncMessage | undefined>
  /** The parent half's end. */
  readonly exited: Promise<{ exitCode: number | null; signal: string | null }>
  /** Lets it fork and run the runtime. */
  letGo(): void
  /** Kills the parent half, if it is there still, and waits for its end. */
  killParent(): Promise<void>
  /** Closes what served the create only. conmon lives on. */
  release(): void
}

/** Spawns conmon in a session of its own. @throws ProgramError where that fails */
export async function spawnConmon(options: ConmonOptions): Promise<SpawnedConmon> {
  const paths = runPaths(options.runDir)
  const args = conmonArgv(options)
  const ends = openBothEnds(paths.lifeline)
  const logFd = openLog(paths.monitorLog)
  const startedAt = performance.now()
  let child: ChildProcess
  try {
    child = spawn(options.conmonPath, args, {
      // 2.1.6 writes its out-of-memory marker into its working directory.
      cwd: options.runDir,
      env: conmonEnv(options),
      detached: true,
      stdio: ['ignore', 'ignore', logFd, 'pipe', 'pipe', ends.writerFd],
    })
    await once(child, 'spawn')
  } catch (cause) {
    ends.abandon()
    const why = (cause as Error).message
    throw new ProgramError(`cannot run ${options.conmonPath}: ${why}`, { containerId: options.id, cause })
  } finally {
    closeSync(ends.writerFd)
    closeSync(logFd)
  }
  return handle(child, ends.watch(), startedAt)
}

function openLog(path: string): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants
  return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600)
}

function handle(child: ChildProcess, lifeline: Lifeline, startedAt: number): SpawnedConmon {
  const syncPipe = child.stdio[SYNC_FD] as Duplex
  const startPipe = child.stdio[START_FD] as Duplex
  // A conmon that dies early breaks both pipes; its exit and the sync pipe's end tell of it.
  for (const pipe of [syncPipe, startPipe]) pipe.on('error', () => {})
  const exited = once(child, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }))
  return {
    pid: child.pid ?? 0,
    lifeline,
    startedAt,
    message: readMessage(syncPipe),
    exited,
    letGo: () => startPipe.end(Buffer.of(0)),
    async killParent() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
    release() {
      syncPipe.destroy()
      startPipe.destroy()
    },
  }
}

async function readMessage(pipe: Duplex): Promise<SyncMessage | undefined> {
  let text = ''
  try {
    for await (const chunk of pipe.setEncoding('utf8')) {
      text += chunk
      const end = text.indexOf('\n')
      if (end !== -1) return parseSyncMessage(text.slice(0, end))
      if (text.length > MAX_SYNC_LINE) return parseSyncMessage(text)
    }
  } catch {
    // Destroyed by release(), or reset by a conmon that died.
  }
  return text.trim() === '' ? undefined : parseSyncMessage(text)
}
