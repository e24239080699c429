import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { hintForErrno, ProgramError } from '../errors.ts'
import { spawnLabelled } from '../selinux/spawn.ts'
import { type ConmonOptions, conmonArgv, conmonDescriptors, conmonEnv } from './argv.ts'
import { type Lifeline, openBothEnds, type SyncPipe } from './lifeline.ts'
import { runPaths } from './paths.ts'
import { parseSyncMessage, type SyncMessage } from './sync-pipe.ts'

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
  /** Whether it was let go. */
  isLetGo(): boolean
  /** Kills the parent half, if it is there still. */
  killParent(): void
}

/** Spawns conmon in a session of its own. @throws ProgramError where that fails */
export async function spawnConmon(options: ConmonOptions): Promise<SpawnedConmon> {
  const paths = runPaths(options.runDir)
  const args = conmonArgv(options)
  const { handedOver, startFd } = conmonDescriptors(options)
  const logFd = openLog(paths.monitorLog)
  try {
    const ends = openBothEnds(paths.lifeline)
    const startedAt = performance.now()
    try {
      const child = spawnLabelled(() =>
        spawn(options.conmonPath, args, {
          // 2.1.6 writes its out-of-memory marker into its working directory.
          cwd: options.runDir,
          env: conmonEnv(options),
          detached: true,
          stdio: ['ignore', 'ignore', logFd, ...handedOver, 'pipe', ends.writerFd],
        }),
      )
      await once(child, 'spawn')
      return handle(child, child.stdio[startFd] as Duplex, ends.watch(), startedAt)
    } catch (cause) {
      ends.abandon()
      const { message, code } = cause as NodeJS.ErrnoException
      const facts = { containerId: options.id, hint: hintForErrno(code), cause }
      throw new ProgramError(`cannot run ${options.conmonPath}: ${message}`, facts)
    } finally {
      closeSync(ends.writerFd)
    }
  } finally {
    closeSync(logFd)
  }
}

function openLog(path: string): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants
  return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600)
}

function handle(
  child: ChildProcess,
  startPipe: Duplex,
  syncPipe: SyncPipe,
  startedAt: number,
): SpawnedConmon {
  // A conmon that dies early breaks it; its exit and the sync pipe's end tell of that.
  startPipe.on('error', () => {})
  const exited = once(child, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }))
  let gone = false
  return {
    pid: child.pid ?? 0,
    lifeline: syncPipe,
    startedAt,
    message: syncPipe.line.then((line) => (line === '' ? undefined : parseSyncMessage(line))),
    exited,
    letGo() {
      gone = true
      startPipe.end(Buffer.of(0))
    },
    isLetGo: () => gone,
    killParent() {
      // In this order: the end of its start pipe lets it go on.
      child.kill('SIGKILL')
      startPipe.destroy()
    },
  }
}
