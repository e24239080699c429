import { constants } from 'node:os'
import { dirname } from 'node:path'
import { fromPromise } from 'xstate'
import type { RestoreOptions } from '../../effects/checkpoint/argv.ts'
import { removeFrom } from '../../effects/files/unfollowed.ts'
import { isSameProcess, signalProcess } from '../../effects/process/identity.ts'
import {
  type CreatedFacts,
  containerMachine,
  type Reconciled,
  type ReconcileInput,
  type RunInput,
  type SignalInput,
} from '../../machines/index.ts'
import { RuntimeError, StoreError } from '../errors.ts'
import { signalName } from '../spec/signals.ts'
import { letMonitorEnd } from './creation/clear.ts'
import { makeDirectories } from './creation/directories.ts'
import { createRun } from './creation/run.ts'
import { clearCreation, discardExitFile, removeOwnCgroup, removeRunFiles } from './creation/run-files.ts'
import { reconcile } from './reconcile.ts'
import { checkpoint, restoreOptions } from './runtime/checkpoint.ts'
import type { Supervisor } from './supervisor.ts'
import { afterCommit, onceDurable } from './work/after-commit.ts'
import { type EffectTrace, traced } from './work/tracing.ts'

const { SIGKILL } = constants.signals
/** How long a runtime has to kill a container before that is done without it; the chart waits 5 s for the exit. */
const UNAIDED_MS = 2_000

const SIGNAL = 'signalContainer'

type Find = (id: string) => Supervisor

/** The container chart with real effects; `find` gives the supervisor of a container's id. */
export function provideEffects(find: Find): typeof containerMachine {
  const effect = <Output, Input extends RunInput>(name: string, work: Work<Output, Input>) =>
    fromPromise<Output, Input>(({ input, signal }) => perform(name, find, input, signal, work))

  const afterExit = (
    name: string,
    work: (supervisor: Supervisor, signal: AbortSignal) => void | Promise<void>,
  ) =>
    fromPromise<void, RunInput>(async ({ input, signal }) => {
      const supervisor = find(input.id)
      await onceDurable(supervisor.engine, signal, () =>
        traced(traceOf(name, supervisor), async () => work(supervisor, signal)),
      )
    })

  return containerMachine.provide({
    actors: {
      createContainer: effect('createContainer', (supervisor, _, signal) => create(supervisor, signal)),
      startContainer: effect('startContainer', ({ engine, id }, _, signal) =>
        engine.runtime.start(id, { signal }),
      ),
      signalContainer: fromPromise<void, SignalInput>(({ input, signal }) => answer(find, input, signal)),
      pauseContainer: effect('pauseContainer', ({ engine, id }, _, signal) =>
        engine.runtime.pause(id, { signal }),
      ),
      resumeContainer: effect('resumeContainer', ({ engine, id }, _, signal) =>
        engine.runtime.resume(id, { signal }),
      ),
      checkpointContainer: effect('checkpointContainer', checkpoint),
      restoreContainer: effect('restoreContainer', (supervisor, input, signal) =>
        create(supervisor, signal, restoreOptions(supervisor, input)),
      ),
      recordExit: afterExit('recordExit', discardExitFile),
      cleanUp: afterExit('cleanUp', cleanUp),
      removeContainer: effect('removeContainer', remove),
      reconcile: effect('reconcile', reconcileAll),
    },
  })
}

type Work<Output, Input> = (supervisor: Supervisor, input: Input, signal: AbortSignal) => Promise<Output>

async function perform<Output, Input extends RunInput>(
  name: string,
  find: Find,
  input: Input,
  signal: AbortSignal,
  work: Work<Output, Input>,
): Promise<Output> {
  const supervisor = find(input.id)
  return afterCommit(supervisor.engine, signal, () =>
    traced(traceOf(name, supervisor), () => work(supervisor, input, signal)),
  )
}

const traceOf = (effect: string, { id, row }: Supervisor): EffectTrace => ({
  effect,
  containerId: id,
  name: row.name,
  generation: row.generation,
})

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

/**
 * A signal that the chart itself sends to a process already gone has done its work. One that `kill` asked for is
 * answered to its caller; nobody awaits that actor, so its failure must not become the chart's.
 */
async function answer(find: Find, input: SignalInput, signal: AbortSignal): Promise<void> {
  if (input.request === undefined) return perform(SIGNAL, find, input, signal, signalForStop)
  const answered = find(input.id).signalRequests.get(input.request)
  try {
    await perform(SIGNAL, find, input, signal, deliver)
    answered?.(undefined)
  } catch (error) {
    answered?.(error instanceof Error ? error : new Error(String(error)))
  }
}

async function signalForStop(supervisor: Supervisor, input: SignalInput, abort: AbortSignal): Promise<void> {
  const isLast = input.signal === SIGKILL
  // A runtime that hangs must not keep alive what is to be killed.
  const unaided = isLast ? setTimeout(() => killFirst(supervisor), UNAIDED_MS) : undefined
  try {
    await deliver(supervisor, input, abort)
  } catch (error) {
    if (isGone(supervisor, error)) return
    if (!isLast || error instanceof StoreError || !killFirst(supervisor)) throw error
    supervisor.logger.warn(
      { err: error },
      'the runtime could not kill the container; it was killed without it',
    )
  } finally {
    clearTimeout(unaided)
  }
}

async function deliver(
  supervisor: Supervisor,
  { signal, all }: SignalInput,
  abort: AbortSignal,
): Promise<void> {
  // Told before it is sent: what it does may be seen before the runtime has returned.
  await supervisor.recordSignal(signalName(signal) ?? String(signal))
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

/** The container, and the commands that an earlier engine had run in it; where its run is over, theirs come first. */
async function reconcileAll(
  supervisor: Supervisor,
  input: ReconcileInput,
  signal: AbortSignal,
): Promise<Reconciled> {
  // Only where the engine has just opened: later on the sessions are its own. The container's exit may come while the
  // world is asked, and theirs are to be told before it.
  const isNew = input.known !== undefined
  const recovered = isNew ? supervisor.sessions.recover(supervisor.row.facts.execs ?? []) : undefined
  const [found] = await Promise.all([reconcile(supervisor, input, signal), recovered])
  if (found.found === 'ended') await supervisor.sessions.endAll()
  return found
}

/** The runtime lets go, conmon has ended, and what belonged to the run is gone. */
async function cleanUp(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const { engine, id } = supervisor
  const ended = await letMonitorEnd(supervisor, signal)
  try {
    // Of what it knows no more the runtime removes nothing.
    if (!(await engine.runtime.delete(id, { signal }))) await removeOwnCgroup(supervisor)
  } catch (error) {
    supervisor.logger.warn({ err: error }, 'the runtime did not let go at once; it is forced')
    await engine.runtime.delete(id, { force: true, signal })
  }
  await removeRunFiles(supervisor, ended)
}

async function remove(supervisor: Supervisor): Promise<void> {
  await removeRunFiles(supervisor)
  removeFrom(dirname(supervisor.paths.directory), supervisor.id)
}
