import { homedir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { removeExitFile, removeHalfExitFiles } from '../exits/file.ts'
import { assertDescriptorsLeft } from '../process/descriptors.ts'
import { identifyProcess, type ProcessIdentity } from '../process/identity.ts'
import { settleInTime } from '../process/in-time.ts'
import type { Limiter } from '../process/limiter.ts'
import type { ConmonOptions } from './argv.ts'
import { createFailure, createTimedOut, createUndead } from './failed-create.ts'
import { type Lifeline, makeLifeline } from './lifeline.ts'
import { makePrivate } from './modes.ts'
import { findMonitor, killMonitor } from './monitor.ts'
import { runPaths } from './paths.ts'
import { writePidFile } from './pid-file.ts'
import { type SpawnedConmon, spawnConmon } from './spawn.ts'
import { removeTraces } from './traces.ts'

export type { ConmonOptions } from './argv.ts'
export { findMonitor, killMonitor } from './monitor.ts'

/** A container that waits to be started. */
export interface CreatedContainer {
  /** Its first process. */
  process: ProcessIdentity
  /** conmon. */
  monitor: ProcessIdentity
  lifeline: Lifeline
}

/** How a create is run. */
export interface CreateCall {
  /** Undoes the create: a runtime at work has a second to finish, then it and conmon are killed. */
  signal?: AbortSignal | undefined
  /** Milliseconds, counted from the end of the queue; 240,000 where left out, the seed's ContainerCreateTimeout. */
  timeoutMs?: number | undefined
  /** Bounds how many creates run at once. */
  limit: Limiter
  /** Runs while conmon waits, before it has forked: to move it into a cgroup. Rejecting undoes the create. */
  beforeStart?: ((conmonPid: number) => Promise<void>) | undefined
}

const DEFAULT_TIMEOUT_MS = 240_000
const FINISH_MS = 1_000

/**
 * Has conmon create a container. However it fails, conmon and the runtime it ran are dead afterwards; what the
 * runtime has on disk is the caller's to delete. Seed: createOCIContainer.
 *
 * @throws RuntimeError with the runtime's own words; its `failure` tells a missing command from other faults
 * @throws ProgramError where conmon cannot be spawned
 * @throws the signal's reason when aborted
 */
export function createContainer(options: ConmonOptions, call: CreateCall): Promise<CreatedContainer> {
  return call.limit(() => createNow({ home: homedir(), ...options }, call), call.signal)
}

async function createNow(options: ConmonOptions, call: CreateCall): Promise<CreatedContainer> {
  assertDescriptorsLeft(options.id)
  // A stale exit file would be taken for this run's.
  removeExitFile(options.exitsDir, options.id)
  removeHalfExitFiles(options.exitsDir, options.id)
  removeTraces(options)
  await makeLifeline(runPaths(options.runDir).lifeline)
  call.signal?.throwIfAborted()
  const conmon = await spawnConmon(options)
  try {
    const created = await whileAllowed(options, call, awaitCreated(options, call, conmon))
    return { ...created, lifeline: conmon.lifeline }
  } catch (error) {
    if (call.signal?.aborted === true) await letFinish(conmon)
    await undo(options, conmon, error)
    throw error
  }
}

async function awaitCreated(
  options: ConmonOptions,
  call: CreateCall,
  conmon: SpawnedConmon,
): Promise<{ process: ProcessIdentity; monitor: ProcessIdentity }> {
  await call.beforeStart?.(conmon.pid)
  conmon.letGo()
  const message = await conmon.message
  if (message === undefined) throw createFailure(options, conmon, undefined)
  if ('failed' in message) throw createFailure(options, conmon, message.failed)
  // The pid file is written by the parent half of conmon, whose exit says that it is there.
  await conmon.exited
  makePrivate(options)
  const process = identifyProcess(message.pid)
  const monitor = findMonitor(options.runDir)
  if (process === undefined) throw createFailure(options, conmon, 'its first process died at once')
  if (monitor === undefined) throw createFailure(options, conmon, 'conmon died at once')
  // conmon itself takes a single one, and that is ours.
  if (options.conmonPidFile !== undefined) writePidFile(options.conmonPidFile, monitor.pid)
  return { process, monitor }
}

function whileAllowed<T>(options: ConmonOptions, call: CreateCall, work: Promise<T>): Promise<T> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = call
  return settleInTime(work, { signal, timeoutMs, late: () => createTimedOut(options, timeoutMs) })
}

/**
 * An aborted create is completed first, if that does not take long: a runtime killed halfway leaves cgroups behind
 * that its `delete` knows nothing of.
 */
async function letFinish(conmon: SpawnedConmon): Promise<void> {
  if (!conmon.isLetGo()) return
  const timer = new AbortController()
  const late = delay(FINISH_MS, undefined, { signal: timer.signal }).catch(() => {})
  await Promise.race([conmon.message, late])
  timer.abort()
}

async function undo(options: ConmonOptions, conmon: SpawnedConmon, why: unknown): Promise<void> {
  conmon.killParent()
  const dead = await killMonitor(options.runDir, conmon.lifeline)
  conmon.lifeline.close()
  if (!dead) throw createUndead(options, why)
}
