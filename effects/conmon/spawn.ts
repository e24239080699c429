import { closeSync, constants, openSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { loadLibc } from '../libc/libc.ts'
import { type Child, type ChildEnd, spawnChild } from '../program/child.ts'
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
  readonly exited: Promise<ChildEnd>
  /** Lets it fork and run the runtime. */
  letGo(): void
  /** Whether it was let go. */
  isLetGo(): boolean
  /** Kills the parent half, if it is there still. */
  killParent(): void
}

/** Spawns conmon in a session of its own. @throws ProgramError where that fails */
export async function spawnConmon(options: ConmonOptions): Promise<SpawnedConmon> {
  const libc = await loadLibc()
  const paths = runPaths(options.runDir)
  const args = conmonArgv(options)
  const { handedOver, startFd } = conmonDescriptors(options)
  const logFd = openLog(paths.monitorLog)
  try {
    const ends = openBothEnds(paths.lifeline)
    const startedAt = performance.now()
    try {
      const child = spawnLabelled(() =>
        spawnChild(libc, {
          path: options.conmonPath,
          args,
          // 2.1.6 writes its out-of-memory marker into its working directory.
          cwd: options.runDir,
          env: conmonEnv(options),
          stdio: ['ignore', 'ignore', logFd, ...handedOver, 'pipe', ends.writerFd],
          containerId: options.id,
        }),
      )
      return handle(child, child.pipes[startFd] as Duplex, ends.watch(), startedAt)
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

function openLog(path: string): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants
  return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600)
}

function handle(child: Child, startPipe: Duplex, syncPipe: SyncPipe, startedAt: number): SpawnedConmon {
  // A conmon that dies early breaks it; its exit and the sync pipe's end tell of that.
  startPipe.on('error', () => {})
  let gone = false
  return {
    pid: child.pid,
    lifeline: syncPipe,
    startedAt,
    message: syncPipe.line.then((line) => (line === '' ? undefined : parseSyncMessage(line))),
    exited: child.ended,
    letGo() {
      gone = true
      startPipe.end(Buffer.of(0))
    },
    isLetGo: () => gone,
    killParent() {
      // In this order: the end of its start pipe lets it go on.
      child.kill()
      startPipe.destroy()
    },
  }
}
