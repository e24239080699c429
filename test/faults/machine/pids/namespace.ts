import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { PATIENT } from '../full-place.ts'

/** Process numbers of their own, in which a given one can be given out again. */
export interface PidNamespace extends AsyncDisposable {
  /** How a program is started in it. */
  readonly by: readonly string[]
  /** Kills a process by its number there; resolves once nobody has that. */
  kill(pid: number): Promise<void>
  /** Starts somebody who has that very number. */
  giveOut(pid: number): void
  /** The command line of who has that number; empty where nobody has. */
  whoHas(pid: number): string
}

const STRANGER = 'sleep 4711'

/** Makes one. Whoever is in it ends with it. */
export async function pidNamespace(): Promise<PidNamespace> {
  // Its first process is who waits for orphans.
  const first = ['sh', '-c', 'sleep 100000 & wait']
  const child = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', ...first], {
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  const children = (): string =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim()
  await expect.poll(children, PATIENT).toMatch(/^\d+$/)
  const by = ['nsenter', '--target', children(), '--pid', '--mount']
  const inside = (script: string): string =>
    execFileSync('nsenter', [...by.slice(1), 'sh', '-c', script], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  const whoHas = (pid: number): string => inside(`tr '\\0' ' ' < /proc/${pid}/cmdline || true`).trim()
  // Its /proc is mounted before it becomes the first process.
  await expect.poll(() => whoHas(1), PATIENT).toContain('100000')
  return {
    by,
    whoHas,
    async kill(pid) {
      inside(`kill -KILL ${pid}`)
      await expect.poll(() => inside(`test -e /proc/${pid} && echo there || true`), PATIENT).toBe('')
    },
    giveOut(pid) {
      const next = `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid; ${STRANGER} > /dev/null 2>&1 & echo $!`
      // Somebody else may be faster.
      for (let given = 0; given !== pid; ) {
        given = Number(inside(next))
        if (given !== pid) inside(`kill -KILL ${given}`)
      }
      expect(whoHas(pid)).toBe(STRANGER)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export const isStranger = (command: string): boolean => command === STRANGER
