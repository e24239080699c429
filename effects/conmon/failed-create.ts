import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { RuntimeError } from '../errors.ts'
import { classifyFailure, lastMessage } from '../runtime/failure.ts'
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
  const said = lastMessage(reported ?? '') ?? logLine ?? lastMessage(monitorText)
  const failure = classifyFailure(said ?? '')
  const durationMs = performance.now() - conmon.startedAt
  return createError(options, said ?? 'conmon ended without a message', failure, {
    stderr: [reported ?? '', monitorText].filter((text) => text !== '').join('\n'),
    logLine,
    durationMs,
    timedOut: false,
  })
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
  const program = { path: options.runtimePath, verb: 'create', exitCode: null, signal: null, ...facts }
  const message = `${basename(options.runtimePath)} create ${options.id}: ${words}`
  return new RuntimeError(message, failure, program, { containerId: options.id, cause })
}

function readEnd(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-MAX_LOG_CHARS)
  } catch {
    return ''
  }
}
