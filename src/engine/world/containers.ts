import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RestoreOptions } from '../../../effects/checkpoint/argv.ts'
import { removeFrom } from '../../../effects/files/unfollowed.ts'
import { isSameProcess, signalProcess } from '../../../effects/process/identity.ts'
import type { CreatedFacts, SignalInput } from '../../../machines/index.ts'
import { RuntimeError } from '../../errors.ts'
import { letMonitorEnd } from '../creation/clear.ts'
import { makeDirectories } from '../creation/directories.ts'
import { createRun } from '../creation/run.ts'
import { clearCreation, discardExitFile, removeOwnCgroup, removeRunFiles } from '../creation/run-files.ts'
import { type ContainerEffects, SIGKILL } from '../effects.ts'
import { reconcile } from '../reconcile.ts'
import { checkpoint, restoreOptions } from '../runtime/checkpoint.ts'
import type { Supervisor } from '../supervisor.ts'

/** What is done to containers: by conmon and an OCI runtime, and by the kernel where the runtime cannot. */
export const realContainers: ContainerEffects = {
  create: (supervisor, _, signal) => create(supervisor, signal),
  start: ({ engine, id }, _, signal) => engine.runtime.start(id, { signal }),
  deliver,
  killUnaided: (supervisor) => killFirst(supervisor),
  isGone,
  pause: ({ engine, id }, _, signal) => engine.runtime.pause(id, { signal }),
  resume: ({ engine, id }, _, signal) => engine.runtime.resume(id, { signal }),
  checkpoint,
  restore: (supervisor, input, signal) => create(supervisor, signal, restoreOptions(supervisor, input)),
  recordExit,
  cleanUp,
  remove,
  reconcile,
}

/** The seed's createOCIContainer. What failed leaves nothing in the runtime. */
async function create(
  supervisor: Supervisor,
  signal: AbortSignal,
  restore?: RestoreOptions,
): Promise<CreatedFacts> {
  makeDirectories(supervisor)
  try {
    const abort = AbortSignal.any([signal, supervisor.creation.signal])
    const { process, monitor, lifeline } = await createRun(supervisor, abort, {
      restore,
      preserveFds: supervisor.preserveFds,
    })
    supervisor.witnesses.hold(lifeline)
    return { process, monitor }
  } catch (error) {
    // After the close it is the next engine's: what is cleared now might be a run of that one's.
    if (!supervisor.isClosed) await clearAfterFailure(supervisor)
    throw error
  }
}

/** What went wrong while clearing must not hide what went wrong before. */
async function clearAfterFailure(supervisor: Supervisor): Promise<void> {
  try {
    await clearCreation(supervisor)
  } catch (error) {
    supervisor.logger.error({ err: error }, 'a create that failed could not be cleared away')
  }
}

async function deliver(
  supervisor: Supervisor,
  { signal, all }: SignalInput,
  abort: AbortSignal,
): Promise<void> {
  const every = all && hasCgroup(supervisor)
  try {
    await supervisor.engine.runtime.kill(supervisor.id, signal, { all: every, signal: abort })
  } catch (error) {
    // It may take for ended what lives, as one in another time namespace does.
    const isUnseen = error instanceof RuntimeError && error.failure === 'not-running'
    if (!isUnseen || !signalFirst(supervisor, signal)) throw error
  }
  // runc finds all by their devices cgroup, out of which systemd (252, version 1) moves those in a slice of a slice:
  // then it finds nobody, and says nothing.
  if (every && signal === SIGKILL) killFirst(supervisor)
}

/** With its first process all in a container's pid namespace end. False where that one could not be signalled. */
const killFirst = (supervisor: Supervisor): boolean => signalFirst(supervisor, SIGKILL)

function signalFirst({ row, logger }: Supervisor, signal: number): boolean {
  try {
    return row.facts.process !== null && signalProcess(row.facts.process, signal)
  } catch (error) {
    logger.warn({ err: error }, 'the first process of the container could not be signalled')
    return false
  }
}

/** Without a cgroup, as a user has none unless root has delegated one, a runtime cannot tell which processes are all. */
function hasCgroup(supervisor: Supervisor): boolean {
  return process.geteuid?.() === 0 || supervisor.spec().linux?.cgroupsPath !== undefined
}

/** A process on its way out may be there for an instant when the runtime finds it gone; if it lived on, the grace would end. */
function isGone({ row }: Supervisor, error: unknown): boolean {
  if (!(error instanceof RuntimeError)) return false
  if (error.failure === 'not-running') return true
  const { process } = row.facts
  return process === null || !isSameProcess(process)
}

/** Goes on at once: whoever waits for the exit hears of it before the file is removed. A closing engine waits for it. */
function recordExit(supervisor: Supervisor): void {
  void supervisor.engine.effects.track(nextTurn().then(() => discardExitFile(supervisor)))
}

/** The runtime lets go, conmon has ended, and what belonged to the run is gone. */
async function cleanUp(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const ended = await letMonitorEnd(supervisor, signal)
  // The runtime knows nothing of the files: they go while it is at work, a turn later, so that it is spawned first.
  const [deletion, removal] = await Promise.allSettled([
    deleteFromRuntime(supervisor, signal),
    nextTurn().then(() => removeRunFiles(supervisor, ended)),
  ])
  if (deletion.status === 'rejected') throw deletion.reason
  if (removal.status === 'rejected') throw removal.reason
}

async function deleteFromRuntime(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const { engine, id, logger } = supervisor
  try {
    // Of what it knows no more the runtime removes nothing.
    if (!(await engine.runtime.delete(id, { signal }))) await removeOwnCgroup(supervisor)
  } catch (error) {
    logger.warn({ err: error }, 'the runtime did not let go at once; it is forced')
    await engine.runtime.delete(id, { force: true, signal })
  }
}

async function remove(supervisor: Supervisor): Promise<void> {
  // Once more: somebody may have put something in the place of what was removed.
  await removeRunFiles(supervisor)
  removeFrom(dirname(supervisor.paths.directory), supervisor.id)
}
