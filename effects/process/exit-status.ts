import { readlinkSync } from 'node:fs'
import type { Libc } from '../libc/libc.ts'
import { type ProcessIdentity, readBootId, readStatFields, sinceBoot } from './identity.ts'

/** `_IOWR(0xFF, 11, struct pidfd_info)`, of the first version of that struct: 64 bytes. */
const PIDFD_GET_INFO = 0xc040_ff0b
const INFO_BYTES = 64
const PIDFD_INFO_EXIT = 8n
/** Where the struct has its `exit_code`, in units of four bytes. */
const EXIT_CODE = 15

/** 0–255, or 128+n for signal n, of a wait status (wait(2)); what conmon makes of it too. */
export function exitCodeOf(status: number): number {
  const signal = status & 0x7f
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal
}

/**
 * The wait status of a process that has been waited for by its parent; undefined before, and where the kernel does not
 * tell it, which it does from Linux 6.15 on.
 */
export function reapedStatus(libc: Pick<Libc, 'ioctl'>, pidfd: number): number | undefined {
  const info = new ArrayBuffer(INFO_BYTES)
  const mask = new BigUint64Array(info, 0, 1)
  mask[0] = PIDFD_INFO_EXIT
  if (libc.ioctl(pidfd, PIDFD_GET_INFO, Buffer.from(info)) !== 0) return undefined
  return ((mask[0] ?? 0n) & PIDFD_INFO_EXIT) === 0n ? undefined : new Int32Array(info)[EXIT_CODE]
}

/** The wait status of that very process where it has ended and its parent has not waited for it; else undefined. */
export function zombieStatus(process: ProcessIdentity): number | undefined {
  const fields = fieldsOf(process)
  const [state, status] = [fields?.[0], fields?.[FIELD.exitCode]]
  if (state !== 'Z' || status === undefined || !mayLookAt(process.pid)) return undefined
  return Number(status)
}

/** Whether there is that very process, though it may have ended. */
export function isSameOrZombie(process: ProcessIdentity): boolean {
  return fieldsOf(process) !== undefined
}

/** proc(5) numbers them from 1, and these begin with 3. */
const FIELD = { startTime: 22 - 3, exitCode: 52 - 3 } as const

function fieldsOf({ pid, startTime, bootId }: ProcessIdentity): string[] | undefined {
  const fields = readStatFields(pid)
  return bootId === readBootId() && sinceBoot(fields?.[FIELD.startTime] ?? '') === startTime
    ? fields
    : undefined
}

/** To whom the kernel does not tell the status it says 0: to those whom it does not let look where a link leads. */
function mayLookAt(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES'
  }
}
