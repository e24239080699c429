import type { Socket } from 'node:net'
import { loadLibc } from '../libc/libc.ts'
import { spawnWithSocketLabel } from '../selinux/spawn.ts'
import { type Child, type ChildEnd, spawnChild } from './child.ts'
import { keepEnd, type OutputKeeper } from './output.ts'

/** One run of a program. */
export interface ProgramRequest {
  /** Absolute; nothing is looked up. */
  path: string
  args: readonly string[]
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>
  cwd?: string | undefined
  /** Milliseconds. */
  timeoutMs: number
  signal?: AbortSignal | undefined
  /** SELinux's context of the sockets that are made for it; the caller's own where left out. */
  socketLabel?: string | undefined
  /** Bytes kept of each stream, its last ones; 65,536 where left out. */
  maxOutputBytes?: number | undefined
}

/** What a program left behind. */
export interface ProgramResult {
  /** null where a signal ended it. */
  exitCode: number | null
  /** Name of the signal that ended it, or null. */
  signal: string | null
  stdout: string
  stderr: string
  durationMs: number
  timedOut: boolean
}

const DEFAULT_OUTPUT_BYTES = 64 * 1024
/** A daemon the program left behind may hold its output open for ever: it is read this long after the exit. */
const DRAIN_MS = 100
/** SIGKILL does not end a process in uninterruptible sleep; it is left behind after this long. */
const UNKILLABLE_MS = 5_000

/**
 * Runs a program to its end, in a session of its own, with nothing inherited but `env`.
 * Never rejects for how the program ended; on a time-out its process group is killed.
 *
 * @throws ProgramError when it cannot be started
 * @throws the signal's reason when aborted; its process group is killed first
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const { path, args, env, cwd, signal, socketLabel, maxOutputBytes = DEFAULT_OUTPUT_BYTES } = request
  const libc = await loadLibc()
  signal?.throwIfAborted()
  const startedAt = performance.now()
  const child = spawnWithSocketLabel(socketLabel, () =>
    spawnChild(libc, { path, args, env, cwd, stdio: STDIO }),
  )
  const outputs = child.pipes.filter((pipe) => pipe !== undefined).map((pipe) => keep(pipe, maxOutputBytes))
  const { end, timedOut } = await endOf(child, request)
  // Nobody waits for what cannot be killed, this process's own end neither.
  if (end === undefined) child.unref()
  const drained = drain(child, end === undefined ? 0 : DRAIN_MS)
  if (signal?.aborted === true && end?.exitCode == null) throw signal.reason
  await drained
  const [stdout = '', stderr = ''] = outputs.map((output) => output.text())
  const durationMs = performance.now() - startedAt
  return { exitCode: null, signal: null, ...end, stdout, stderr, durationMs, timedOut }
}

const STDIO = ['ignore', 'pipe', 'pipe'] as const

function keep(pipe: Socket, limit: number): OutputKeeper {
  const kept = keepEnd(limit)
  pipe.on('data', (chunk: Buffer) => kept.add(chunk)).on('error', () => {})
  return kept
}

/** Without an end where not even SIGKILL has ended it. */
async function endOf(
  child: Child,
  { timeoutMs, signal }: ProgramRequest,
): Promise<{ end: ChildEnd | undefined; timedOut: boolean }> {
  const { promise: unkillable, resolve } = Promise.withResolvers<undefined>()
  let timedOut = false
  const kill = (): void => {
    clearTimeout(timer)
    child.killGroup()
    timer = setTimeout(resolve, UNKILLABLE_MS, undefined)
  }
  let timer = setTimeout(() => {
    timedOut = true
    kill()
  }, timeoutMs)
  signal?.addEventListener('abort', kill, { once: true })
  const end = await Promise.race([child.ended, unkillable])
  clearTimeout(timer)
  signal?.removeEventListener('abort', kill)
  return { end, timedOut }
}

/** Reads what it has written to the end, which others who hold it may put off. */
async function drain(child: Child, forMs: number): Promise<void> {
  const pipes = child.pipes.filter((pipe) => pipe !== undefined)
  const stop = (): void => {
    for (const pipe of pipes) pipe.destroy()
  }
  // The immediate gives what is already in the pipe one more turn of the loop, however late the timer is.
  const timer = setTimeout(() => setImmediate(stop), forMs)
  await Promise.all(pipes.map(closed))
  clearTimeout(timer)
}

function closed(pipe: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (pipe.closed) resolve()
    else pipe.once('close', () => resolve())
  })
}
