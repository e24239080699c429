import { join } from 'node:path'
import { execa } from 'execa'

/** What a row measures with. */
export interface Bench {
  /** The OCI runtime that runchart, the bare floor and podman use. */
  readonly runtime: string
  /** Few rounds and small sizes: to see that it works. */
  readonly quick: boolean
  readonly signal: AbortSignal
  /** Says on standard error what is under way. */
  progress(text: string): void
  /**
   * Runs one of `programs/` in a Node of its own, and gives what it prints: one value as JSON.
   *
   * @param flags of Node, such as `--expose-gc`
   */
  run<T>(program: string, input: unknown, flags?: readonly string[]): Promise<T>
}

/** Measures until the signal comes. */
export function makeBench({ runtime, quick, signal }: Pick<Bench, 'runtime' | 'quick' | 'signal'>): Bench {
  return {
    runtime,
    quick,
    signal,
    progress: (text) => console.error(`  ${text}`),
    async run<T>(program: string, input: unknown, flags: readonly string[] = []): Promise<T> {
      const path = join(import.meta.dirname, 'programs', `${program}.ts`)
      const { stdout } = await execa(process.execPath, [...flags, path, JSON.stringify(input)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        cancelSignal: signal,
        forceKillAfterDelay: 30_000,
        env: { NODE_NO_WARNINGS: '1' },
        maxBuffer: 512 * 1024 * 1024,
      })
      return JSON.parse(stdout) as T
    },
  }
}

/** What a program of `programs/` was given. */
export const input = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T

/** What a program of `programs/` has measured. */
export const output = (value: unknown): void => console.log(JSON.stringify(value))
