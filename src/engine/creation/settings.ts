import type { CgroupManager } from '../../../effects/cgroup/placement.ts'
import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import { MAX_TIMEOUT } from '../../spec/options.ts'
import { type Inherited, readInherited } from './inherited.ts'

/** What an engine's containers are created with. */
export interface CreationOptions {
  /** Added to conmon's environment, and so to the runtime's; what conmon needs is not replaced. */
  conmonEnv?: Readonly<Record<string, string>> | undefined
  /** Who makes cgroups: `cgroupfs`, the engine itself, or `systemd`; `cgroupfs` where left out. */
  cgroupManager?: CgroupManager | undefined
  /** Bytes at which a container's log begins anew; -1, and where left out, without limit. */
  logSizeMax?: number | undefined
  /** Whether runtimes move a container's root instead of pivoting it, as on a ramdisk. */
  noPivot?: boolean | undefined
  /** Whether conmon keeps the `ports` of its container taken for as long as it lives. */
  reservePorts?: boolean | undefined
  /** What becomes of a container whose conmon dies before it; `kill` where left out. */
  monitorLost?: MonitorLost | undefined
  /**
   * Seconds after which a runtime that has not done what it was asked is killed; where left out 30, and 240 for a create
   * and for a start that waits for readiness. A checkpoint has 600 in any case.
   */
  runtimeTimeout?: number | undefined
}

/**
 * - `kill`: it is killed, and its exit recorded as −1 with the cause `monitor-lost`
 * - `keep`: it goes on and can still be stopped, paused, exec'd into and so on; what it writes is lost, and nobody can
 *   attach to it. The kernel tells of its exit, with its code from Linux 6.15 on, as long as an engine is there to hear it;
 *   else its code is −1. Its ports are reserved no more, and its exit command is not run.
 */
export type MonitorLost = 'kill' | 'keep'

/** {@link CreationOptions}, checked and complete, and what is inherited. */
export interface CreationSettings {
  conmonEnv: Readonly<Record<string, string>>
  cgroupManager: CgroupManager
  logSizeMax: number
  noPivot: boolean
  reservePorts: boolean
  monitorLost: MonitorLost
  runtimeTimeoutMs: number | undefined
  /** conmon's own level of logging. */
  conmonLogLevel: string
  inherited: Inherited
}

/**
 * Checks the options that containers are created with. Seed: newOCIRuntime.
 *
 * @param logLevel pino's
 * @throws InvalidInputError naming what is wrong
 */
export function creationSettings(options: CreationOptions, logLevel: string): CreationSettings {
  return {
    conmonEnv: validEnv(options.conmonEnv ?? {}),
    cgroupManager: validManager(options.cgroupManager ?? 'cgroupfs'),
    logSizeMax: validLogSize(options.logSizeMax ?? -1),
    noPivot: validFlag('noPivot', options.noPivot ?? false),
    reservePorts: validFlag('reservePorts', options.reservePorts ?? false),
    monitorLost: validMonitorLost(options.monitorLost ?? 'kill'),
    runtimeTimeoutMs: validTimeout(options.runtimeTimeout),
    conmonLogLevel: CONMON_LEVELS[logLevel] ?? 'warning',
    inherited: readInherited(),
  }
}

/** pino's levels as conmon's; anything that conmon logs less than a warning is an error. */
const CONMON_LEVELS: Record<string, string> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'error',
  silent: 'error',
}

/** @throws InvalidInputError naming what is neither */
export function validManager(manager: CgroupManager): CgroupManager {
  if (manager === 'cgroupfs' || manager === 'systemd') return manager
  throw new InvalidInputError(`invalid cgroup manager ${quote(manager)}`, {
    hint: 'give cgroupfs or systemd',
  })
}

function validMonitorLost(policy: MonitorLost): MonitorLost {
  if (policy === 'kill' || policy === 'keep') return policy
  throw new InvalidInputError(`invalid fate ${quote(policy)} of a container whose conmon died`, {
    hint: 'give kill or keep',
  })
}

function validLogSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= -1) return bytes
  throw new InvalidInputError(`invalid largest size of a log ${quote(bytes)}`, {
    hint: 'give a whole number of bytes, or -1 for no limit',
  })
}

function validTimeout(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined
  if (typeof seconds === 'number' && seconds > 0 && seconds <= MAX_TIMEOUT) return Math.ceil(seconds * 1_000)
  throw new InvalidInputError(`invalid time limit of the runtime ${quote(seconds)}`, {
    hint: `give seconds, more than 0 and at most ${MAX_TIMEOUT}`,
  })
}

function validFlag(name: string, flag: boolean): boolean {
  if (typeof flag === 'boolean') return flag
  throw new InvalidInputError(`invalid ${name} ${quote(flag)}`, { hint: 'give true or false' })
}

function validEnv(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(env)) {
    if (/^[^=\0]+$/.test(name) && typeof value === 'string' && !value.includes('\0')) continue
    throw new InvalidInputError(`invalid variable ${quote(name)} of conmon's environment`, {
      hint: 'a name has no "=", and neither it nor its value a NUL byte',
    })
  }
  return { ...env }
}
