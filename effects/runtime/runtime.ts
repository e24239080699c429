import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { type CheckpointOptions, criuSearchPath } from '../checkpoint/argv.ts'
import { criuWords } from '../checkpoint/image.ts'
import { RuntimeError, type RuntimeFailure } from '../errors.ts'
import type { Limiter } from '../process/limiter.ts'
import { baseEnvironment } from '../program/environment.ts'
import { type ProgramResult, runProgram } from '../program/program.ts'
import { isContainerId, type RuntimeVerb, runtimeArgv } from './argv.ts'
import { classifyFailure, hintForFullDisk, lastMessage } from './failure.ts'
import { parseProcesses, parseRuntimeState, parseRuntimeStates, type RuntimeState } from './state.ts'
import { stateReader } from './states.ts'

export type { RuntimeState } from './state.ts'

/** Which runtime, and how it is run. */
export interface RuntimeOptions {
  /** Absolute. */
  path: string
  /** The runtime's own state directory. */
  root: string
  /** Bounds how many run at once. */
  limit: Limiter
  /** The same of `kill` alone, so that nothing else holds up what ends a container; `limit` where left out. */
  killLimit?: Limiter | undefined
  xdgRuntimeDir?: string | undefined
  /** The service manager's socket, handed on to `start`, which passes the container's readiness on to it. */
  notifySocket?: string | undefined
  systemdCgroup?: boolean | undefined
  /** Milliseconds for one verb; where left out 30,000, and 240,000 for a `start` that waits for readiness. */
  timeoutMs?: number | undefined
}

/** What every verb takes last. */
export interface RuntimeCall {
  /** Kills the runtime's process; what it has done by then stays done. */
  signal?: AbortSignal | undefined
}

/** What a checkpoint takes besides. */
export interface CheckpointCall {
  criuPath?: string | undefined
  /** SELinux's context of the container's processes; none where left out. */
  socketLabel?: string | undefined
}

/**
 * An OCI runtime, runc or crun. Every failure is a RuntimeError with the runtime's last words; a runtime that
 * cannot be started is a ProgramError.
 */
export interface Runtime {
  readonly path: string
  readonly root: string
  /** undefined where the runtime knows no such container. Many that are asked for at once cost one run of it. */
  state(id: string, call?: RuntimeCall): Promise<RuntimeState | undefined>
  /** Seed: startContainer. */
  start(id: string, call?: RuntimeCall): Promise<void>
  /** Signals the first process, or with `all` every one (needs a cgroup). Seed: killContainer. */
  kill(id: string, signal: number, call?: RuntimeCall & { all?: boolean | undefined }): Promise<void>
  /** Seed: pauseContainer. */
  pause(id: string, call?: RuntimeCall): Promise<void>
  /** Seed: unpauseContainer. */
  resume(id: string, call?: RuntimeCall): Promise<void>
  /** False where the runtime says that there is nothing to delete. `force` kills first. Seed: deleteContainer. */
  delete(id: string, call?: RuntimeCall & { force?: boolean | undefined }): Promise<boolean>
  /** Writes the processes to disk, and ends them unless they are left running. Seed: checkpointContainer. */
  checkpoint(id: string, options: CheckpointOptions, call?: RuntimeCall & CheckpointCall): Promise<void>
  /** The process numbers of every process, on the host; needs a cgroup. */
  processes(id: string, call?: RuntimeCall): Promise<number[]>
  /** The ids in the root, half-made containers among them, which `list` of runc leaves out. */
  list(call?: RuntimeCall): Promise<string[]>
}

const DEFAULT_TIMEOUT_MS = 30_000
const READY_TIMEOUT_MS = 240_000
/** All memory of the container is written to disk. */
const CHECKPOINT_TIMEOUT_MS = 600_000

const LIST: RuntimeVerb = { verb: 'list' }
/** Some hundred bytes for each of tens of thousands. */
const LIST_BYTES = 64 * 1024 * 1024

interface VerbCall extends RuntimeCall, CheckpointCall {
  timeoutMs?: number | undefined
  maxOutputBytes?: number | undefined
}

/** Makes a {@link Runtime}; runs nothing yet. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const run = (verb: RuntimeVerb, call: VerbCall = {}) =>
    limitOf(options, verb)(() => runVerb(options, verb, call), call.signal)
  const act = async (verb: RuntimeVerb, call?: RuntimeCall) => {
    throwIfFailed(options, verb, await run(verb, call))
  }
  return {
    path: options.path,
    root: options.root,
    state: stateReader({
      one: async (id, call) => readState(options, id, await run({ verb: 'state', id }, call)),
      all: async (call) =>
        read(options, LIST, await run(LIST, { ...call, maxOutputBytes: LIST_BYTES }), parseRuntimeStates),
    }),
    start: (id, call) => act({ verb: 'start', id }, call),
    kill: (id, signal, call) => act({ verb: 'kill', id, signal, all: call?.all }, call),
    pause: (id, call) => act({ verb: 'pause', id }, call),
    resume: (id, call) => act({ verb: 'resume', id }, call),
    async delete(id, call) {
      const verb: RuntimeVerb = { verb: 'delete', id, force: call?.force }
      const result = await run(verb, call)
      if (failureOf(result) === 'not-found') return false
      throwIfFailed(options, verb, result)
      return true
    },
    async checkpoint(id, { imagePath, workPath, leaveRunning, tcpEstablished }, call) {
      const verb = { verb: 'checkpoint', id, imagePath, workPath, leaveRunning, tcpEstablished } as const
      const result = await run(verb, { timeoutMs: CHECKPOINT_TIMEOUT_MS, ...call })
      const failure = failureOf(result)
      // The runtime says no more than where CRIU's log is.
      const words = [lastWords(result), criuWords(workPath, 'dump.log')].filter((text) => text !== undefined)
      if (failure !== undefined) throw verbError(options, verb, result, words.join(': '), failure)
    },
    async processes(id, call) {
      const verb = { verb: 'ps', id } as const
      const result = await run(verb, call)
      return read(options, verb, result, parseProcesses)
    },
    list: (call) => listIds(options.root, call),
  }
}

function limitOf({ limit, killLimit }: RuntimeOptions, { verb }: RuntimeVerb): Limiter {
  return verb === 'kill' ? (killLimit ?? limit) : limit
}

async function runVerb(
  options: RuntimeOptions,
  verb: RuntimeVerb,
  { signal, criuPath, socketLabel, timeoutMs, maxOutputBytes }: VerbCall,
): Promise<ProgramResult> {
  return runProgram({
    path: options.path,
    args: runtimeArgv({ root: options.root, systemdCgroup: options.systemdCgroup, criuPath }, verb),
    env: { ...verbEnvironment(options, verb), PATH: criuSearchPath(criuPath) },
    cwd: '/',
    timeoutMs: timeoutMs ?? options.timeoutMs ?? timeLimit(options, verb),
    ...{ signal, socketLabel, maxOutputBytes },
  })
}

/** A runtime that passes readiness on ends its `start` when the container has said that it is ready. */
function timeLimit({ notifySocket }: RuntimeOptions, { verb }: RuntimeVerb): number {
  return verb === 'start' && notifySocket !== undefined ? READY_TIMEOUT_MS : DEFAULT_TIMEOUT_MS
}

/** Seed: startContainer, which alone passes readiness on. */
function verbEnvironment(options: RuntimeOptions, { verb }: RuntimeVerb): Record<string, string> {
  const { xdgRuntimeDir, notifySocket } = options
  return baseEnvironment({ xdgRuntimeDir, notifySocket: verb === 'start' ? notifySocket : undefined })
}

function readState(options: RuntimeOptions, id: string, result: ProgramResult): RuntimeState | undefined {
  if (failureOf(result) === 'not-found') return undefined
  return read(options, { verb: 'state', id }, result, parseRuntimeState)
}

/** What a runtime that did not fail has said. */
function read<T>(
  options: RuntimeOptions,
  verb: RuntimeVerb,
  result: ProgramResult,
  parse: (stdout: string) => T,
): T {
  throwIfFailed(options, verb, result)
  try {
    return parse(result.stdout)
  } catch (cause) {
    throw verbError(options, verb, result, (cause as Error).message, 'other', cause)
  }
}

function failureOf(result: ProgramResult): RuntimeFailure | undefined {
  if (result.timedOut) return 'timed-out'
  return result.exitCode === 0 ? undefined : classifyFailure(result.stderr)
}

function throwIfFailed(options: RuntimeOptions, verb: RuntimeVerb, result: ProgramResult): void {
  const failure = failureOf(result)
  if (failure !== undefined) throw verbError(options, verb, result, lastWords(result), failure)
}

function lastWords(result: ProgramResult): string {
  if (result.timedOut) return `it was not done after ${result.durationMs.toFixed(0)} ms, and was killed`
  const said = lastMessage(result.stderr)
  if (said !== undefined) return said
  return result.signal === null
    ? `exit code ${result.exitCode}, no message`
    : `it was ended by ${result.signal}`
}

function verbError(
  options: RuntimeOptions,
  { verb, id }: RuntimeVerb,
  result: ProgramResult,
  words: string,
  failure: RuntimeFailure,
  cause?: unknown,
): RuntimeError {
  const { exitCode, signal, stderr, durationMs, timedOut } = result
  const program = { path: options.path, verb, exitCode, signal, stderr, durationMs, timedOut }
  const message = `${[basename(options.path), verb, ...(id === undefined ? [] : [id])].join(' ')}: ${words}`
  const facts = { containerId: id, cause, hint: hintFor(verb) ?? hintForFullDisk(options.root, words) }
  return new RuntimeError(message, failure, { ...program, logLine: lastMessage(stderr) }, facts)
}

/** Verbs for which a runtime has to know all processes of a container, or to freeze them: by its cgroup. */
const NEED_CGROUP: ReadonlySet<RuntimeVerb['verb']> = new Set(['pause', 'resume', 'ps'])

function hintFor(verb: RuntimeVerb['verb']): string | undefined {
  if (process.geteuid?.() === 0 || !NEED_CGROUP.has(verb)) return undefined
  return 'it takes a cgroup that root has delegated to this user, named as the parent when the container is created'
}

/** Both runtimes keep one directory for each container; crun also has a hidden cache. */
async function listIds(root: string, call?: RuntimeCall): Promise<string[]> {
  call?.signal?.throwIfAborted()
  try {
    const entries = await readdir(root, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && isContainerId(entry.name)).map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
