import { killMonitor } from '../../effects/conmon/create.ts'
import { type Lifeline, openLifeline } from '../../effects/conmon/lifeline.ts'
import { isSameProcess, readBootId, signalProcess } from '../../effects/process/identity.ts'
import type {
  ExitCause,
  ExitEvidence,
  ProcessFacts,
  Reconciled,
  ReconcileInput,
} from '../../machines/index.ts'
import { RunchartError } from '../errors.ts'
import { clearCreation } from './creation/run-files.ts'
import { within } from './monitor.ts'
import type { Supervisor } from './supervisor.ts'

/** conmon writes the exit file between its container's end and its own; the seed waits about 5 s for it. */
const EXIT_FILE_MS = 5_000

/**
 * Holds what is known of a container against the world: the exits directory, the process table, conmon's
 * lifeline and the runtime. The seed's updateContainerStatus, and the recovery it does not have.
 */
export async function reconcile(
  supervisor: Supervisor,
  input: ReconcileInput,
  signal: AbortSignal,
): Promise<Reconciled> {
  const was = input.known?.state
  if (was === 'removing') return { found: 'removing' }
  const lifeline = supervisor.lifeline ?? reopenLifeline(supervisor)
  if (was === 'stopped' || was === 'cleaning') return { found: 'ended' }
  const evidence = supervisor.exitEvidence()
  if (evidence !== undefined) return { found: 'ended', evidence }
  if (was === 'creating' || was === 'restoring') return abandonCreation(supervisor, lifeline)
  if (input.process !== undefined && input.process.bootId !== readBootId()) return ended('host-restart')
  return askRuntime(supervisor, input, lifeline, signal)
}

function reopenLifeline(supervisor: Supervisor): Lifeline | undefined {
  const lifeline = openLifeline(lifelinePath(supervisor))
  if (lifeline !== undefined) supervisor.hold(lifeline)
  return lifeline
}

const lifelinePath = ({ paths }: Supervisor): string => `${paths.runDirectory}/lifeline`

async function askRuntime(
  supervisor: Supervisor,
  { process, monitor }: ReconcileInput,
  lifeline: Lifeline | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  const state = await supervisor.engine.runtime.state(supervisor.id, { signal })
  const lives = process !== undefined && isSameProcess(process)
  if (lives && state === undefined) return endDisowned(supervisor, process, lifeline, signal)
  if (!lives || state === undefined || state.status === 'stopped')
    return awaitEvidence(supervisor, lifeline, signal)
  if (lifeline === undefined || monitor === undefined || (await within(lifeline.ended, 0, signal))) {
    return endOrphan(supervisor, signal)
  }
  return { found: state.status, process, monitor }
}

/** The runtime has forgotten a container that lives: nobody else can end it. */
async function endDisowned(
  supervisor: Supervisor,
  process: ProcessFacts,
  lifeline: Lifeline | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  supervisor.logger.warn('the runtime knows the container no more; its process is killed')
  signalProcess(process, 'SIGKILL')
  return awaitEvidence(supervisor, lifeline, signal)
}

/** The process is gone; where conmon still lives, its exit file is on the way. */
async function awaitEvidence(
  supervisor: Supervisor,
  lifeline: Lifeline | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  if (lifeline !== undefined && !(await within(lifeline.ended, EXIT_FILE_MS, signal))) {
    await killMonitor(supervisor.paths.runDirectory, lifeline)
  }
  const evidence = supervisor.exitEvidence()
  if (evidence !== undefined) return { found: 'ended', evidence }
  supervisor.logger.warn('conmon left no exit file; the exit code is lost')
  supervisor.record({ type: 'monitor.lost' })
  return ended('monitor-lost')
}

/** A container without its conmon has nowhere to write and nobody to tell its exit: it is ended. */
async function endOrphan(supervisor: Supervisor, signal: AbortSignal): Promise<Reconciled> {
  supervisor.logger.warn('conmon is gone; the container is killed')
  supervisor.record({ type: 'monitor.lost' })
  await supervisor.engine.runtime.delete(supervisor.id, { force: true, signal })
  return ended('monitor-lost')
}

/** Nobody waits any more for a create that its engine did not live to see the end of. */
async function abandonCreation(supervisor: Supervisor, lifeline: Lifeline | undefined): Promise<Reconciled> {
  const { paths, id, name } = supervisor
  if (lifeline !== undefined) await killMonitor(paths.runDirectory, lifeline)
  supervisor.unhold()
  await clearCreation(supervisor)
  const failure = new RunchartError('EINTERRUPTED', `the engine ended while it created container ${name}`, {
    containerId: id,
    hint: 'create it again',
  })
  return { found: 'absent', failure }
}

const ended = (cause: ExitCause): Reconciled => ({ found: 'ended', evidence: withoutCode(cause) })

const withoutCode = (cause: ExitCause): ExitEvidence => ({
  code: -1,
  oomKilled: false,
  finishedAt: new Date().toISOString(),
  cause,
})
