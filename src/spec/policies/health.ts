import { quote } from '../../../effects/quote.ts'
import type { HealthInput } from '../../../machines/index.ts'
import { InvalidInputError } from '../../errors.ts'
import type { CreateOptions } from '../../types.ts'
import { toMilliseconds } from '../options.ts'

/** How a container is asked for its health. */
export interface HealthSettings {
  /** argv. */
  command: string[]
  check: HealthInput['check']
}

/**
 * How a container is created to be asked for its health; undefined where it is not.
 *
 * @throws InvalidInputError naming what is wrong
 */
export function readHealthCheck({ healthCheck }: CreateOptions): HealthSettings | undefined {
  if (healthCheck === undefined) return undefined
  const { command, interval, timeout, startPeriod, retries } = healthCheck ?? {}
  validateCommand(command)
  if (retries !== undefined && !(Number.isSafeInteger(retries) && retries >= 1)) {
    throw invalid('number of retries', retries, 'give a whole number, at least 1')
  }
  const check = {
    intervalMs: read('interval', interval, 'positive'),
    timeoutMs: read('timeout', timeout, 'positive'),
    startPeriodMs: read('start period', startPeriod),
    retries,
  }
  return { command: [...command], check }
}

function validateCommand(command: unknown): asserts command is string[] {
  const isWord = (word: unknown): boolean => typeof word === 'string' && !word.includes('\0')
  if (Array.isArray(command) && command.every(isWord) && command.length > 0 && command[0] !== '') return
  throw invalid('command', command, 'give the program and its arguments, the program not empty')
}

function read(what: string, seconds: number | undefined, kind?: 'positive'): number | undefined {
  if (seconds === undefined) return undefined
  const ms = toMilliseconds(`${what} of the health check`, seconds)
  if (ms > 0 || kind === undefined) return ms
  throw invalid(what, seconds, 'give a time of at least a millisecond')
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)} of a health check`, { hint })
}
