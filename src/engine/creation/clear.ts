import { setTimeout as delay } from 'node:timers/promises'
import { isMonitorCgroupInUse, removeMonitorCgroup } from '../../../effects/cgroup/monitor.ts'
import { removePidFile } from '../../../effects/conmon/pid-file.ts'
import { isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import { endMonitor } from '../monitor.ts'
import type { Supervisor } from '../supervisor.ts'

/** Most exit commands are over by then, and nothing is left to be done later. */
const EXIT_COMMAND_MS = 250
/** From one look at a conmon to the next: it has closed all that could tell of its end before its exit command. */
const FIRST_LOOK_MS = 5
const LAST_LOOK_MS = 2_000

/** Containers whose exit command goes on, with the conmon that began it. */
const busy = new WeakMap<Supervisor, ProcessIdentity>()

/**
 * Waits for the end of a conmon whose container has exited. An exit command may take its time, and may ask this very
 * engine for something: it is not waited for. False where it goes on.
 */
export async function letMonitorEnd(supervisor: Supervisor, signal: AbortSignal): Promise<boolean> {
  await endMonitor(supervisor, signal)
  const { monitor } = supervisor.row.facts
  if (supervisor.settings.monitor?.exitCommand === undefined || monitor === null) return true
  const isOver = await ends(supervisor, monitor, EXIT_COMMAND_MS)
  if (!isOver) busy.set(supervisor, monitor)
  return isOver
}

/**
 * Removes what a run had outside the container's own directories; where its exit command goes on, as when it is what
 * removes the container, later. Never rejects.
 */
export async function clearMonitor(supervisor: Supervisor): Promise<void> {
  const monitor = busy.get(supervisor)
  if (monitor === undefined) return clearNow(supervisor, supervisor.row.facts.monitor)
  const { generation } = supervisor.row
  void ends(supervisor, monitor).then(async () => {
    if (busy.get(supervisor) === monitor) busy.delete(supervisor)
    // The next run has the same cgroup.
    if (supervisor.row.generation === generation) await clearNow(supervisor, monitor)
  })
}

/** Where a caller has asked for conmon's pid file: a conmon that is gone is in it no more. */
export function removeMonitorPidFile({ settings }: Supervisor, monitor: { pid: number } | null): void {
  const { conmonPidFile } = settings.monitor ?? {}
  if (conmonPidFile !== undefined && monitor !== null) removePidFile(conmonPidFile, monitor.pid)
}

async function clearNow(supervisor: Supervisor, monitor: { pid: number } | null): Promise<void> {
  removeMonitorPidFile(supervisor, monitor)
  const { settings, logger } = supervisor
  const { placement } = settings.monitor ?? {}
  if (placement === undefined) return
  try {
    await removeMonitorCgroup(placement)
  } catch (error) {
    logger.warn({ err: error }, 'the cgroup of conmon could not be removed')
  }
}

/** Whether an exit command has ended within that time. Keeps no process alive. */
async function ends(
  supervisor: Supervisor,
  monitor: ProcessIdentity,
  withinMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { generation } = supervisor.row
  const isAtWork = (): boolean => {
    try {
      return isSameProcess(monitor) || leftBehind(supervisor, generation)
    } catch {
      // It cannot be looked at now, and will be again.
      return true
    }
  }
  let waited = 0
  for (let pause = FIRST_LOOK_MS; isAtWork(); pause = Math.min(2 * pause, LAST_LOOK_MS)) {
    if (waited >= withinMs) return false
    await delay(pause, undefined, { ref: false })
    waited += pause
  }
  return true
}

/**
 * conmon waits for its exit command; where conmon is killed the command goes on without it, in the same cgroup. The
 * next run has that for its own conmon.
 */
function leftBehind({ settings, row }: Supervisor, generation: number): boolean {
  const { placement } = settings.monitor ?? {}
  return placement !== undefined && row.generation === generation && isMonitorCgroupInUse(placement)
}
