import type { Readable } from 'node:stream'

/**
 * What a command does in a simulated world. It gives its exit code; or nothing, and then runs on until it is told to
 * end. One that throws ends with 1, its error on standard error.
 *
 * @example
 * const worker: Program = async (process) => {
 *   process.print('ready')
 *   await process.sleep(5_000)
 *   return 3
 * }
 */
export type Program = (process: ProgramProcess) => number | undefined | Promise<number | undefined>

/** A process, as its program sees it. */
export interface ProgramProcess {
  readonly pid: number
  readonly command: readonly string[]
  /** `NAME=value`. */
  readonly env: readonly string[]
  /** What is written to a command of `exec`; undefined where it has no input. */
  readonly stdin: Readable | undefined
  /** Writes a line, to the log or to whoever reads a command of `exec`. */
  print(line: string, stream?: 'stdout' | 'stderr'): void
  /**
   * Takes a signal, such as `SIGTERM`, in the place of what it would do: end the process with 128+n. SIGKILL cannot be
   * taken. A real first process of a container gets no signal at all that it does not take, but SIGKILL.
   */
  on(signal: string | number, take: () => void): void
  /** Ends. */
  exit(code: number): void
  /** Milliseconds of virtual time; longer where the process is frozen by then. */
  sleep(ms: number): Promise<void>
}

/** Runs until it is told to end. */
export const runsOn: Program = () => undefined

/** Programs by the name that a command has in the last part of its path. */
export type Programs = Readonly<Record<string, Program>>

/** The program of a command. */
export function findProgram(programs: Programs, command: readonly string[]): Program | undefined {
  const name = command[0]?.split('/').at(-1) ?? ''
  return Object.hasOwn(programs, name) ? programs[name] : undefined
}
