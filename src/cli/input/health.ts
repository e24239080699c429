import { type Command, InvalidArgumentError } from 'commander'
import { RunchartError } from '../../../effects/errors.ts'
import type { CreateOptions } from '../../types.ts'
import { parseCount } from './values.ts'

/** What `run` and `create` take for a container's health. */
export interface HealthFlags {
  healthCmd?: string[]
  healthInterval?: number
  healthTimeout?: number
  healthRetries?: number
  healthStartPeriod?: number
}

/** Adds the options. */
export function takeHealth(command: Command): Command {
  return command
    .option(
      '--health-cmd <command>',
      "asks whether it works: a line for its sh, or a JSON array of words; 'none' for nothing",
      parseProbe,
    )
    .option('--health-interval <time>', 'between two of them, such as 5, 1m30s, 500ms (30s)', parseDuration)
    .option('--health-timeout <time>', 'how long one may take (30s)', parseDuration)
    .option('--health-retries <n>', 'how many have to fail in a row (3)', parseCount)
    .option('--health-start-period <time>', 'in which failures do not count (0s)', parseDuration)
}

/** The flags as the engine takes them; empty where nobody is to ask. */
export function toHealthOptions(flags: HealthFlags): Pick<CreateOptions, 'healthCheck'> {
  const { healthCmd, healthInterval, healthTimeout, healthRetries, healthStartPeriod } = flags
  const given = [healthInterval, healthTimeout, healthRetries, healthStartPeriod]
  if (healthCmd === undefined && given.some((value) => value !== undefined)) {
    throw new RunchartError('EINPUT', 'there is no command that asks for the health', {
      hint: 'give one with --health-cmd',
    })
  }
  if (healthCmd === undefined || healthCmd.length === 0) return {}
  return {
    healthCheck: {
      command: healthCmd,
      interval: healthInterval,
      timeout: healthTimeout,
      retries: healthRetries,
      startPeriod: healthStartPeriod,
    },
  }
}

/** argv; empty for `none`. */
export function parseProbe(text: string): string[] {
  if (text === 'none') return []
  if (!text.startsWith('[')) return ['/bin/sh', '-c', text]
  try {
    const words: unknown = JSON.parse(text)
    if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')) {
      return words
    }
  } catch {}
  throw new InvalidArgumentError('Give a command line, or a JSON array of strings.')
}

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 }

/** `30s`, `1m30s`, `500ms`, or seconds; as seconds. */
export function parseDuration(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new InvalidArgumentError('Give seconds, or a time such as 30s, 1m30s or 500ms.')
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0), 0)
}
