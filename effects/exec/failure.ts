import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { runPaths } from '../conmon/paths.ts'
import { RuntimeError } from '../errors.ts'
import { classifyFailure, hintForFullDisk, lastMessage } from '../runtime/failure.ts'
import type { ExecOptions } from './options.ts'

const MAX_LOG_CHARS = 64 * 1024

/** What is known of an exec that ran no command. */
export interface FailedExec {
  exitCode?: number | null | undefined
  signal?: string | null | undefined
  /** What the runtime, or conmon for it, said. */
  said: string
  startedAt: number
  timedOut?: boolean | undefined
}

/** The error of a command that could not be run; its `failure` tells a missing command from other faults. */
export function execFailure(options: ExecOptions, failed: FailedExec): RuntimeError {
  const { runtimePath, containerId, sessionDir } = options
  const { exitCode = null, signal = null, said, timedOut = false } = failed
  const log = readEnd(runPaths(sessionDir).runtimeLog)
  const logLine = lastMessage(log)
  const durationMs = performance.now() - failed.startedAt
  const reason = lastMessage(`${log}\n${said}`) ?? `exit code ${exitCode}, no message`
  const words = timedOut ? `it was not done after ${durationMs.toFixed(0)} ms, and was killed` : reason
  const failure = timedOut ? 'timed-out' : classifyFailure(`${said}\n${logLine ?? ''}`)
  const program = {
    path: runtimePath,
    verb: 'exec',
    exitCode,
    signal,
    stderr: said,
    logLine,
    durationMs,
    timedOut,
  }
  const message = `${basename(runtimePath)} exec ${containerId}: ${words}`
  const hint = hintForFullDisk(sessionDir, words)
  return new RuntimeError(message, failure, program, { containerId, hint })
}

function readEnd(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-MAX_LOG_CHARS)
  } catch {
    return ''
  }
}
