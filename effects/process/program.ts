import { existsSync } from 'node:fs'
import { execa, type Options } from 'execa'
import { hintForErrno, ProgramError } from '../errors.ts'
import { spawnWithSocketLabel } from '../selinux/spawn.ts'
import { keepEnd } from './output.ts'

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
  request.signal?.throwIfAborted()
  const limit = request.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES
  const kept = { stdout: keepEnd(limit), stderr: keepEnd(limit) }
  const child = start(request)
  child.stdout.on('data', (chunk: Buffer) => kept.stdout.add(chunk))
  child.stderr.on('data', (chunk: Buffer) => kept.stderr.add(chunk))
  stopReadingAfterExit(child)

  const unkillable = waitForUnkillable(request)
  const result = await Promise.race([child, unkillable.happened]).finally(unkillable.forget)
  if (request.signal?.aborted === true && result?.exitCode === undefined) throw request.signal.reason
  if (result === undefined) return unkillableResult(request, kept.stdout.text(), kept.stderr.text())
  throwIfNotStarted(request, result)
  return {
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    stdout: kept.stdout.text(),
    stderr: kept.stderr.text(),
    durationMs: result.durationMs,
    timedOut: result.timedOut,
  }
}

function start(request: ProgramRequest): Child {
  const { path, args, socketLabel } = request
  try {
    return spawnWithSocketLabel(socketLabel, () => execa(path, [...args], execaOptions(request)))
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException
    throw new ProgramError(`cannot run ${path}: ${message}`, { hint: hintForErrno(code), cause })
  }
}

function execaOptions(request: ProgramRequest) {
  return {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: request.env,
    extendEnv: false,
    // In a session of its own: a terminal's Ctrl-C is for the caller, not for a runtime at work.
    detached: true,
    cleanup: false,
    killDescendants: true,
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    timeout: request.timeoutMs,
    buffer: false,
    reject: false,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
  } as const satisfies Options
}

type Child = ReturnType<typeof execa<ReturnType<typeof execaOptions>>>
type ChildResult = Awaited<Child>

function stopReadingAfterExit(child: Child): void {
  child.nodeChildProcess.once('exit', () => {
    // The immediate gives what is already in the pipe one more turn of the loop, however late the timer is.
    const timer = setTimeout(() => setImmediate(stop), DRAIN_MS)
    child.nodeChildProcess.once('close', () => clearTimeout(timer))
  })
  const stop = () => {
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function waitForUnkillable(request: ProgramRequest): { happened: Promise<undefined>; forget: () => void } {
  const timers: NodeJS.Timeout[] = []
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const after = (ms: number) => {
    timers.push(setTimeout(() => resolve(undefined), ms).unref())
  }
  const aborted = () => after(UNKILLABLE_MS)
  after(request.timeoutMs + UNKILLABLE_MS)
  request.signal?.addEventListener('abort', aborted, { once: true })
  return {
    happened: promise,
    forget() {
      for (const timer of timers) clearTimeout(timer)
      request.signal?.removeEventListener('abort', aborted)
    },
  }
}

function unkillableResult(request: ProgramRequest, stdout: string, stderr: string): ProgramResult {
  const durationMs = request.timeoutMs + UNKILLABLE_MS
  return { exitCode: null, signal: null, stdout, stderr, durationMs, timedOut: true }
}

function throwIfNotStarted(request: ProgramRequest, result: ChildResult): void {
  if (result.exitCode !== undefined || result.signal !== undefined || result.timedOut) return
  const code = result.code ?? 'unknown error'
  throw new ProgramError(`cannot run ${request.path}: ${whyNotStarted(request, code)}`, {
    cause: result.cause,
    hint: hintForErrno(code),
  })
}

function whyNotStarted({ cwd }: ProgramRequest, code: string): string {
  if (code === 'ENOENT' && cwd !== undefined && !existsSync(cwd)) {
    return `its working directory ${cwd} does not exist`
  }
  return WORDS[code] ?? code
}

const WORDS: Record<string, string> = {
  ENOENT: 'no such file (ENOENT)',
  EACCES: 'not executable, or no permission (EACCES)',
  ENOEXEC: 'not a program for this machine (ENOEXEC)',
  EMFILE: 'too many open files in this process (EMFILE)',
  ENFILE: 'too many open files on this machine (ENFILE)',
  EAGAIN: 'too many processes (EAGAIN)',
  ENOMEM: 'not enough memory (ENOMEM)',
}
