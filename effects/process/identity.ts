import { readFileSync } from 'node:fs'
import { lookAt } from './look.ts'

/** Names one process among all that ever had its number. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks since the machine was booted, in whatever time namespace they were read. */
  startTime: string
  bootId: string
}

/** What sysconf(_SC_CLK_TCK) gives on every Linux. */
const TICKS_PER_SECOND = 100

let bootId: string | undefined
let namespaceTicks: number | undefined

/** The kernel's random name for this boot. */
export function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return bootId
}

/**
 * The identity of a living process; undefined where there is none, or only a zombie.
 *
 * @throws the system's error where no process can be looked at, such as EMFILE; so do all that follow
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startTime = readStartTime(pid)
  return startTime === undefined ? undefined : { pid, startTime, bootId: readBootId() }
}

/** Whether that very process is alive. A zombie is not. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return identity.bootId === readBootId() && readStartTime(identity.pid) === identity.startTime
}

/** The kernel's PF_EXITING, among the flags of a process. */
const EXITING = 4

/**
 * Whether that very process is alive and has not begun to end. The first one of a pid namespace ends all others while
 * it is no zombie yet, and none can be started beside it any more.
 */
export function hasNotBegunToEnd(identity: ProcessIdentity): boolean {
  const flags = Number(readStatFields(identity.pid)?.[6])
  return isSameProcess(identity) && (flags & EXITING) === 0
}

/**
 * Signals that very process; false where it is gone. Between the look and the signal the kernel would have
 * to go once round all process numbers for another to be hit.
 *
 * @throws the system's error, such as EPERM
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals | number): boolean {
  if (!isSameProcess(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/**
 * Sends SIGKILL to the process group that this very process is in; false where the process is gone.
 *
 * @throws the system's error, such as EPERM
 */
export function killGroupOf(identity: ProcessIdentity): boolean {
  const group = Number(readStatFields(identity.pid)?.[2])
  // Asked for after the group was read: it is that process's, and not of one that came later. Group 1 would be all.
  if (!isSameProcess(identity) || !(group > 1)) return false
  try {
    return process.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** The fields of /proc/PID/stat (proc(5)) from the third on, the state; undefined where there is no such process. */
export function readStatFields(pid: number): string[] | undefined {
  const stat = readStat(pid)
  return stat === undefined ? undefined : fieldsAfterCommand(stat)
}

/** The same in every time namespace; field 22 of /proc/PID/stat is by the clock of whoever reads it. */
export function sinceBoot(ticks: string): string {
  namespaceTicks ??= parseNamespaceTicks(lookAt(() => readFileSync('/proc/self/timens_offsets', 'latin1')))
  return String(Number(ticks) - namespaceTicks)
}

/** Reads how far a time namespace's clock is ahead (time_namespaces(7)); a kernel without them has no such file. */
export function parseNamespaceTicks(offsets = ''): number {
  const [, seconds = 0, nanoseconds = 0] = /^boottime\s+(-?\d+)\s+(\d+)$/m.exec(offsets) ?? []
  return Number(seconds) * TICKS_PER_SECOND + Math.floor((Number(nanoseconds) * TICKS_PER_SECOND) / 1e9)
}

function readStartTime(pid: number): string | undefined {
  const stat = readStat(pid)
  const ticks = stat === undefined ? undefined : parseStartTime(stat)
  return ticks === undefined ? undefined : sinceBoot(ticks)
}

function readStat(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return lookAt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
}

/** From field 3 on. The command, field 2, may hold blanks and parentheses; what comes after the last one is plain. */
function fieldsAfterCommand(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Reads field 22 of a /proc/PID/stat; undefined for a zombie, a dead process, or what is no such file. */
export function parseStartTime(stat: string): string | undefined {
  const [state, ...rest] = fieldsAfterCommand(stat)
  const startTime = rest[18]
  if (state === undefined || 'ZXx'.includes(state)) return undefined
  return startTime !== undefined && /^\d+$/.test(startTime) ? startTime : undefined
}
