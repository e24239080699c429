import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { makePrivate } from '../conmon/modes.ts'
import { killMonitor } from '../conmon/monitor.ts'
import { loadLibc } from '../libc/libc.ts'
import { assertDescriptorsLeft } from '../process/descriptors.ts'
import type { ProcessIdentity } from '../process/identity.ts'
import { type Child, spawnChild } from '../program/child.ts'
import { baseEnvironment } from '../program/environment.ts'
import { keepEnd } from '../program/output.ts'
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
    const started = Promise.race([watching.pid.then(() => true), runtime.child.ended.then(() => false)])
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
  child: Child
  stdin: Writable | undefined
  stdout: Output
  stderr: Output
}

async function spawnRuntime(
  options: ExecOptions & { stdin: boolean },
  args: string[],
): Promise<SpawnedRuntime> {
  const libc = await loadLibc()
  const child = spawnChild(libc, {
    path: options.runtimePath,
    args,
    cwd: '/',
    env: baseEnvironment(options),
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...options.preserveFds],
    containerId: options.containerId,
  })
  const [stdin, stdout, stderr] = child.pipes
  // A command need not read what it is given.
  stdin?.on('error', () => {})
  return {
    child,
    stdin,
    stdout: createOutput(stdout as Readable),
    stderr: createOutput(stderr as Readable),
  }
}

function handle(runtime: SpawnedRuntime, process: ProcessIdentity | undefined): AttachedExec {
  const { child, stdin, stdout, stderr } = runtime
  const exited = child.ended.then(({ exitCode }) => {
    stdout.exited()
    stderr.exited()
    stdin?.destroy()
    return exitCode ?? -1
  })
  return {
    ...{ process, stdin, stdout: stdout.stream, stderr: stderr.stream, exited },
    release() {
      drop(runtime)
      child.kill()
    },
  }
}

async function whyNot(options: ExecOptions, runtime: SpawnedRuntime, startedAt: number): Promise<Error> {
  const end = await runtime.child.ended
  const kept = keepEnd(MAX_STDERR)
  runtime.stderr.exited()
  for await (const chunk of runtime.stderr.stream) kept.add(chunk as Buffer)
  drop(runtime)
  return execFailure(options, { ...end, said: kept.text(), startedAt })
}

/** The command may run by now: it goes first, then the runtime, which would wait for it. */
async function undo(options: ExecOptions, runtime: SpawnedRuntime): Promise<void> {
  drop(runtime)
  killSession(findSessionProcess(options.sessionDir))
  await killMonitor(options.sessionDir)
}

function drop({ stdin, stdout, stderr }: SpawnedRuntime): void {
  stdout.drop()
  stderr.drop()
  stdin?.destroy()
}
