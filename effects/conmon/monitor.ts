import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, isSameProcess, killGroupOf, type ProcessIdentity } from '../process/identity.ts'
import { cannotLook, lookAt } from '../process/look.ts'
import { type Lifeline, lifelineInode, openLifeline } from './lifeline.ts'
import { runPaths } from './paths.ts'

/** SIGKILL takes effect in about a millisecond; a process in uninterruptible sleep is given up after 5 s. */
const ROUND_MS = 5
const ROUNDS = 1000

/**
 * The conmon of a container: the process in its pid file, if that process really holds the container's lifeline.
 * A stranger that was given the number since is never taken for it.
 */
export function findMonitor(runDir: string): ProcessIdentity | undefined {
  const { monitorPidFile, lifeline } = runPaths(runDir)
  const pid = readPid(monitorPidFile)
  const identity = pid === undefined ? undefined : identifyProcess(pid)
  return identity !== undefined && holdsLifeline(identity.pid, lifeline) ? identity : undefined
}

/**
 * Kills a conmon that is still to make its container, or that was made in vain, and the runtime that it runs. Gives
 * true once both are gone; of the container itself what waits to be started may go with them. What runs lives on.
 */
export async function killMonitor(runDir: string, lifeline?: Lifeline): Promise<boolean> {
  const watched = lifeline ?? openLifeline(runPaths(runDir).lifeline)
  let over = watched === undefined
  watched?.ended.then(() => {
    over = true
  })
  try {
    let monitor: ProcessIdentity | undefined
    const killThem = (): boolean => {
      monitor ??= findMonitor(runDir)
      // Each round anew: a runtime may have been forked just before its conmon died.
      const makers = findMakers(runDir)
      // conmon leads a group in which its runtime is, and whatever that has started, but not the container.
      for (const maker of makers) killGroupOf(maker)
      return makers.length === 0 && (monitor === undefined || !isSameProcess(monitor))
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      if (isSeenToBeTrue(killThem) && over) return true
      await delay(ROUND_MS)
    }
    return false
  } finally {
    if (lifeline === undefined) watched?.close()
  }
}

/** What cannot be looked at for an instant is looked at in the next round. */
function isSeenToBeTrue(look: () => boolean): boolean {
  try {
    return look()
  } catch (error) {
    if (!cannotLook(error)) throw error
    return false
  }
}

function readPid(path: string): number | undefined {
  const text = lookAt(() => readFileSync(path, 'latin1').trim()) ?? ''
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}

/**
 * conmon, its parent half, and a runtime at its create: whoever was told to write the pid file, which is private to
 * this container.
 */
function findMakers(runDir: string): ProcessIdentity[] {
  const { pidFile } = runPaths(runDir)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && writesPidFile(name, pidFile))
    .map((name) => identifyProcess(Number(name)))
    .filter((identity) => identity !== undefined)
}

function writesPidFile(pid: string, pidFile: string): boolean {
  const argv = (lookAt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0')
  return ['-p', '--pid-file'].includes(argv[argv.indexOf(pidFile) - 1] ?? '')
}

/** Whether a process has the FIFO open for writing; an engine that watches it has it open for reading only. */
function holdsLifeline(pid: number, path: string): boolean {
  const fifo = lifelineInode(path)
  return fifo !== undefined && descriptorsOf(pid).some((fd) => isWriterOf(pid, fd, fifo))
}

function descriptorsOf(pid: number): string[] {
  return lookAt(() => readdirSync(`/proc/${pid}/fd`)) ?? []
}

function isWriterOf(pid: number, fd: string, fifo: { dev: bigint; ino: bigint }): boolean {
  const stat = lookAt(() => statSync(`/proc/${pid}/fd/${fd}`, { bigint: true }))
  if (stat?.ino !== fifo.ino || stat.dev !== fifo.dev) return false
  const info = lookAt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')) ?? ''
  const flags = /^flags:\s+([0-7]+)/m.exec(info)?.[1] ?? '0'
  // open(2): the lowest two bits are the access mode, 0 for reading.
  return (Number.parseInt(flags, 8) & 3) !== 0
}
