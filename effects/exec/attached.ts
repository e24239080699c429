import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { makePrivate } from '../conmon/modes.ts'
import { killMonitor } from '../conmon/monitor.ts'
import { hintForErrno, ProgramError } from '../errors.ts'
import { assertDescriptorsLeft } from '../process/descriptors.ts'
import { baseEnvironment } from '../process/environment.ts'
import type { ProcessIdentity } from '../process/identity.ts'
import { keepEnd } from '../process/output.ts'
import { execArgv, execSpecArgv, needsProcessSpec } from './argv.ts'
import { specPath } from './conmon-argv.ts'
import { execFailure } from './failure.ts'
import type { ExecOptions } from './options.ts'
import { createOutput } from './output.ts'
import { findSessionProcess, readSessionPid, watchSessionPid } from './process.ts'
import { type BaseProcess, execProcessSpec } from './process-spec.ts'
import { killSession } from './stop.ts'
import { type ExecCall, letFinish, TimedOut, withinTime } from './time.ts'

export type { ExecCall } from './time.ts'

/** A command that runs with its standard streams in this process. */
export interface AttachedExec {
  /** undefined where it had ended before it could be looked at. */
  process: ProcessIdentity | undefined
  /** undefined where it has none. */
  stdin: Writable | undefined
  /** Both wait while nobody reads them, and the command with them. */
  stdout: Readable
  stderr: Readable
  /** 0–255, 128+n for signal n, −1 where the runtime was killed. With runc, after the last byte of output. */
  exited: Promise<number>
  /** Gives up what is still to be read, and the runtime that waits for it. */
  release(): void
}

const MAX_STDERR = 64 * 1024

/**
 * Runs a command in a container that runs. Resolves once the command itself runs; what its runtime says when that
 * fails is in the error and not in the command's own streams. Seed: execContainer.
 *
 * @throws RuntimeError with the runtime's own words; its `failure` tells a missing command from other faults
 * @throws ProgramError where the runtime cannot be spawned
 * @throws the signal's reason when aborted
 */
export function startAttached(
  options: ExecOptions & { stdin: boolean },
  call: ExecCall,
): Promise<AttachedExec> {
  const args = argvOf(options)
  return call.limit(() => startNow(options, args, call), call.signal)
}

function argvOf(options: ExecOptions): string[] {
  return needsProcessSpec(options) ? execSpecArgv(options, specPath(options.sessionDir)) : execArgv(options)
}

/** Makes the session's directory, and in it what its process is to be. */
export function prepareSession(options: ExecOptions, base: BaseProcess): void {
  mkdirSync(options.sessionDir, { recursive: true, mode: 0o700 })
  const spec = JSON.stringify(execProcessSpec(base, options))
  const path = specPath(options.sessionDir)
  rmSync(path, { force: true })
  writeFileSync(path, spec, { mode: 0o600, flag: 'wx' })
}

async function startNow(
  options: ExecOptions & { stdin: boolean },
  args: string[],
  call: ExecCall,
): Promise<AttachedExec> {
  assertDescriptorsLeft(options.containerId)
  prepareSession(options, call.base)
  const startedAt = performance.now()
  const watching = watchSessionPid(options.sessionDir)
  try {
    const runtime = await spawnRuntime(options, args)
    const started = Promise.race([watching.pid.then(() => true), runtime.exit.then(() => false)])
    try {
      await withinTime(started, call)
    } catch (error) {
      await letFinish(started)
      await undo(options, runtime)
      throw error instanceof TimedOut ? execFailure(options, { said: '', startedAt, timedOut: true }) : error
    }
    // The file is there before the exit, but its event may come after it.
    if (readSessionPid(options.sessionDir) === undefined) throw await whyNot(options, runtime, startedAt)
    makePrivate({ bundle: options.sessionDir, runDir: options.sessionDir })
    return handle(runtime, findSessionProcess(options.sessionDir))
  } finally {
    watching.close()
  }
}

type Output = ReturnType<typeof createOutput>

/** A runtime that was spawned, with its streams. */
interface SpawnedRuntime {
  child: ChildProcess
  stdout: Output
  stderr: Output
  exit: Promise<{ code: number | null; signal: string | null }>
}

async function spawnRuntime(
  options: ExecOptions & { stdin: boolean },
  args: string[],
): Promise<SpawnedRuntime> {
  const child = spawn(options.runtimePath, args, {
    cwd: '/',
    env: baseEnvironment(options),
    // In a session of its own: a terminal's Ctrl-C is for the caller.
    detached: true,
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...options.preserveFds],
  })
  try {
    await once(child, 'spawn')
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException
    throw new ProgramError(`cannot run ${options.runtimePath}: ${message}`, {
      containerId: options.containerId,
      hint: hintForErrno(code),
      cause,
    })
  }
  // A command need not read what it is given.
  child.stdin?.on('error', () => {})
  return {
    child,
    // From the very beginning: at the exit Node throws away what nobody has begun to read.
    stdout: createOutput(child.stdout as Readable),
    stderr: createOutput(child.stderr as Readable),
    exit: new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))),
  }
}

function handle(runtime: SpawnedRuntime, process: ProcessIdentity | undefined): AttachedExec {
  const { child, stdout, stderr, exit } = runtime
  const exited = exit.then(({ code }) => {
    stdout.exited()
    stderr.exited()
    child.stdin?.destroy()
    return code ?? -1
  })
  return {
    ...{ process, stdin: child.stdin ?? undefined, stdout: stdout.stream, stderr: stderr.stream, exited },
    release() {
      drop(runtime)
      child.kill('SIGKILL')
    },
  }
}

async function whyNot(options: ExecOptions, runtime: SpawnedRuntime, startedAt: number): Promise<Error> {
  const { code, signal } = await runtime.exit
  const kept = keepEnd(MAX_STDERR)
  runtime.stderr.exited()
  for await (const chunk of runtime.stderr.stream) kept.add(chunk as Buffer)
  drop(runtime)
  return execFailure(options, { exitCode: code, signal, said: kept.text(), startedAt })
}

/** The command may run by now: it goes first, then the runtime, which would wait for it. */
async function undo(options: ExecOptions, runtime: SpawnedRuntime): Promise<void> {
  drop(runtime)
  killSession(findSessionProcess(options.sessionDir))
  await killMonitor(options.sessionDir)
}

function drop({ child, stdout, stderr }: SpawnedRuntime): void {
  stdout.drop()
  stderr.drop()
  child.stdin?.destroy()
}
