import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, type ProcessIdentity, signalProcess } from '../process/identity.ts'
import { LIFELINE_FD } from './argv.ts'
import { type Lifeline, lifelineInode, openLifeline } from './lifeline.ts'
import { runPaths } from './paths.ts'

/** SIGKILL takes effect in about a millisecond; a process in uninterruptible sleep is given up after this long. */
const ROUND_MS = 500
const ROUNDS = 10

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
 * Kills whatever holds the lifeline's writing end: conmon, and a runtime that it still runs. Gives true once nobody
 * does. The container's own processes do not hold it and live on.
 */
export async function killMonitor(runDir: string, lifeline?: Lifeline): Promise<boolean> {
  const { lifeline: path } = runPaths(runDir)
  const watched = lifeline ?? openLifeline(path)
  if (watched === undefined) return true
  try {
    const monitor = findMonitor(runDir)
    if (monitor !== undefined) signalProcess(monitor, 'SIGKILL')
    if (monitor !== undefined && (await endsWithin(watched, ROUND_MS))) return true
    // No pid file yet, or a runtime that outlived its monitor: look who holds it.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const holder of findHolders(path)) signalProcess(holder, 'SIGKILL')
      if (await endsWithin(watched, ROUND_MS)) return true
    }
    return false
  } finally {
    if (lifeline === undefined) watched.close()
  }
}

async function endsWithin(lifeline: Lifeline, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false)
  const ended = await Promise.race([lifeline.ended.then(() => true), late])
  timer.abort()
  return ended
}

function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').trim()
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}

function findHolders(path: string): ProcessIdentity[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids
    .filter((pid) => pid !== process.pid && holdsLifeline(pid, path))
    .map(identifyProcess)
    .filter((identity) => identity !== undefined)
}

/** Whether a process has the FIFO open for writing; an engine that watches it has it open for reading. */
function holdsLifeline(pid: number, path: string): boolean {
  const fifo = lifelineInode(path)
  if (fifo === undefined) return false
  try {
    const fds = readdirSync(`/proc/${pid}/fd`)
    const likelyFirst = fds.toSorted((a) => (a === String(LIFELINE_FD) ? -1 : 0))
    return likelyFirst.some((fd) => isWriterOf(pid, fd, fifo))
  } catch {
    return false
  }
}

function isWriterOf(pid: number, fd: string, fifo: { dev: bigint; ino: bigint }): boolean {
  try {
    const stat = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true })
    if (stat.ino !== fifo.ino || stat.dev !== fifo.dev || !stat.isFIFO()) return false
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0'
    // open(2): the lowest two bits are the access mode, 0 for reading.
    return (Number.parseInt(flags, 8) & 3) !== 0
  } catch {
    return false
  }
}
