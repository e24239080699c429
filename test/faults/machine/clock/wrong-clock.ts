import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RemoteOptions } from '../remote-engine.ts'

export const HOUR_MS = 60 * 60 * 1_000
export const YEAR_MS = 365 * 24 * HOUR_MS

/** A wall clock of some processes' own, which goes right until it is set. */
export interface WrongClock {
  /** How a process is started that goes by it. */
  readonly by: Required<Pick<RemoteOptions, 'flags' | 'env'>>
  /** Sets it so many milliseconds ahead of the true one, or behind it. */
  ahead(ms: number): void
}

/** Makes one in `directory`. */
export function wrongClock(directory: string): WrongClock {
  const path = join(directory, 'clock')
  const ahead = (ms: number): void => writeFileSync(path, String(ms))
  ahead(0)
  const preload = join(import.meta.dirname, 'preload.ts')
  return { by: { flags: ['--import', preload], env: { RUNCHART_TEST_CLOCK: path } }, ahead }
}
