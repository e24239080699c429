import { RunchartError } from '../../../effects/errors.ts'
import { EXIT_FAILURE, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND } from '../exit-codes.ts'
import { note } from './print.ts'
import { printable } from './table.ts'

/** Prints what went wrong and what to do about it. */
export function reportError(error: unknown): void {
  note(`runchart: ${harmless(error instanceof Error ? error.message : String(error))}`)
  if (error instanceof RunchartError) {
    if (error.hint !== undefined) note(`hint: ${harmless(error.hint)}`)
  } else if (process.env.RUNCHART_DEBUG !== undefined) {
    note(String((error as Error).stack))
  } else {
    note('hint: this is unexpected; RUNCHART_DEBUG=1 shows where it came from')
  }
}

/** A runtime's words may be those of an image. */
function harmless(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** The exit code that tells of an error. */
export function exitCodeOf(error: unknown): number {
  const { failure } = error as { failure?: unknown }
  if (failure === 'command-not-executable') return EXIT_NOT_EXECUTABLE
  return failure === 'command-not-found' ? EXIT_NOT_FOUND : EXIT_FAILURE
}

/** Prints commander's usage errors in the same shape. */
export function reportUsage(text: string): void {
  const [first = '', ...rest] = text.trim().split('\n')
  note(`runchart: ${first.replace(/^error: /, '').replace('unknown command', 'unknown verb')}`)
  note(`hint: ${usageHint(first, rest.join(' '))}`)
}

function usageHint(message: string, suggestion: string): string {
  const near = /\(Did you mean (.+)\?\)/.exec(suggestion)?.[1]
  if (near !== undefined) return `did you mean ${near}?`
  const option =
    /unknown option '(--(?:root|run-root|runtime|conmon|embedded|cgroup-manager|log-size-max|no-pivot|reserve-ports|monitor-lost))\b/.exec(
      message,
    )?.[1]
  if (option !== undefined) return `${option} comes before the verb`
  return "'runchart help' lists the verbs, 'runchart VERB --help' what one takes"
}
