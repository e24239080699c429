import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Another process's lock on a database. */
export interface ForeignLock extends AsyncDisposable {
  /** Ends the process, and with it the lock. */
  release(): Promise<void>
}

/** What the other process does to hold it. */
export const LOCKS = {
  /** Nobody else writes. */
  'from writing': 'BEGIN IMMEDIATE',
  /** Nobody else reads either. */
  'from reading': 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
} as const

/** Locks the database at `path`; resolves once it is locked. */
export async function lockDatabase(path: string, kind: keyof typeof LOCKS): Promise<ForeignLock> {
  const program = join(import.meta.dirname, 'lock-program.ts')
  const child = fork(program, [path, LOCKS[kind]], { execArgv: ['--no-warnings'] })
  const exited = once(child, 'exit')
  const held = await Promise.race([once(child, 'message'), exited])
  if (held[0] !== 'held') throw new Error(`the database could not be locked: ${held}`)
  const release = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { release, [Symbol.asyncDispose]: release }
}
