import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { criuWords } from '../checkpoint/image.ts'
import { RuntimeError } from '../errors.ts'
import { classifyFailure, hintForFullDisk, lastMessage } from '../runtime/failure.ts'
import type { ConmonOptions } from './argv.ts'
import { runPaths } from './paths.ts'

const MAX_LOG_CHARS = 64 * 1024

/**
 * The error of a create that conmon reported as failed, or that it left without a word: then the runtime's log
 * and conmon's own standard error have the reason.
 */
export function createFailure(
  options: ConmonOptions,
  conmon: { startedAt: number },
  reported: string | undefined,
): RuntimeError {
  const { runtimeLog, monitorLog } = runPaths(options.runDir)
  const runtimeText = readEnd(runtimeLog)
  const monitorText = readEnd(monitorLog)
  const logLine = lastMessage(runtimeText)
  // conmon reports the first 8 KiB only, which need not be the runtime's own words.
  const words = lastMessage(`${runtimeText}\n${reported ?? ''}`) ?? lastMessage(monitorText)
  const said = withCriuWords(options, words)
  const failure = classifyFailure(said ?? '')
  const durationMs = performance.now() - conmon.startedAt
  return createError(options, said ?? 'conmon ended without a message', failure, {
    stderr: [reported ?? '', monitorText].filter((text) => text !== '').join('\n'),
    logLine,
    durationMs,
    timedOut: false,
  })
}

/** conmon names the bundle to CRIU as the place of its log; the runtime says no more than that. */
function withCriuWords({ restore, bundle }: ConmonOptions, words: string | undefined): string | undefined {
  const criu = restore === undefined ? undefined : criuWords(bundle, 'restore.log')
  return criu === undefined ? words : `${words ?? 'CRIU failed'}: ${criu}`
}

/** The error of a create that was not done in time. */
export function createTimedOut(options: ConmonOptions, timeoutMs: number): RuntimeError {
  const { runtimeLog, monitorLog } = runPaths(options.runDir)
  const logLine = lastMessage(readEnd(runtimeLog))
  const words = `it was not done after ${timeoutMs} ms, and was killed${logLine === undefined ? '' : `: ${logLine}`}`
  return createError(options, words, 'timed-out', {
    stderr: readEnd(monitorLog),
    logLine,
    durationMs: timeoutMs,
    timedOut: true,
  })
}

/** The error of a failed create whose conmon could not even be killed. */
export function createUndead(options: ConmonOptions, cause: unknown): RuntimeError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const words = `conmon outlived SIGKILL and may still make the container, after: ${why}`
  const facts = { stderr: '', logLine: undefined, durationMs: 0, timedOut: false }
  return createError(options, words, 'other', facts, cause)
}

function createError(
  options: ConmonOptions,
  words: string,
  failure: RuntimeError['failure'],
  facts: Pick<RuntimeError['program'], 'stderr' | 'logLine' | 'durationMs' | 'timedOut'>,
  cause?: unknown,
): RuntimeError {
  const verb = options.restore === undefined ? 'create' : 'restore'
  const program = { path: options.runtimePath, verb, exitCode: null, signal: null, ...facts }
  const message = `${basename(options.runtimePath)} ${verb} ${options.id}: ${words}`
  const hint = hintForFullDisk(options.runDir, words)
  return new RuntimeError(message, failure, program, { containerId: options.id, hint, cause })
}

function readEnd(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-MAX_LOG_CHARS)
  } catch {
    return ''
  }
}
