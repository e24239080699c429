import { killMonitor } from '../../effects/conmon/create.ts'
import { type Lifeline, openLifeline } from '../../effects/conmon/lifeline.ts'
import type { ExitWatch } from '../../effects/process/exit-watch.ts'
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
import { usageOf } from './ending/usage.ts'
import { letLeftRunsEnd } from './left-runs.ts'
import { within } from './monitor.ts'
import type { Supervisor } from './supervisor.ts'
import { orphanExit } from './witness/witnesses.ts'

/** States in which no runtime is at work. */
const LASTING: ReadonlySet<string> = new Set(['created', 'running', 'paused'])

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
  const lifeline = supervisor.witnesses.lifeline ?? reopenLifeline(supervisor)
  if (was === 'stopped' || was === 'cleaning') return { found: 'ended' }
  const evidence = supervisor.exitEvidence()
  if (evidence !== undefined) return ended(supervisor, evidence)
  if (was === 'creating' || was === 'restoring') return abandonCreation(supervisor, lifeline)
  if (input.process !== undefined && input.process.bootId !== readBootId()) {
    return { found: 'ended', evidence: withoutCode('host-restart') }
  }
  return askRuntime(supervisor, input, lifeline, signal)
}

function reopenLifeline({ witnesses, paths }: Supervisor): Lifeline | undefined {
  // Somebody else tells in its place.
  if (witnesses.orphan !== undefined) return undefined
  const lifeline = openLifeline(`${paths.runDirectory}/lifeline`)
  if (lifeline !== undefined) witnesses.hold(lifeline)
  return lifeline
}

async function askRuntime(
  supervisor: Supervisor,
  { known, process, monitor, generation }: ReconcileInput,
  lifeline: Lifeline | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  if (known !== undefined && !LASTING.has(known.state)) await letLeftRunsEnd(supervisor, signal)
  const state = await supervisor.engine.runtime.state(supervisor.id, { signal })
  const lives = process !== undefined && isSameProcess(process)
  if (lives && state === undefined) return endDisowned(supervisor, process, lifeline, signal)
  if (!lives || state === undefined) return awaitEvidence(supervisor, lifeline, signal)
  const found = state.status === 'stopped' ? unseen(supervisor, known?.state) : state.status
  const hasMonitor = lifeline !== undefined && monitor !== undefined
  if (hasMonitor && !(await within(lifeline.ended, 0, signal))) {
    return { found, process, monitor }
  }
  // It may have ended in its own time, after its container, since that was looked for.
  const evidence = supervisor.exitEvidence()
  if (evidence !== undefined) return ended(supervisor, evidence)
  if (await isKept(supervisor, process, generation)) return { found, process, monitor: undefined }
  return endOrphan(supervisor, signal)
}

/**
 * A runtime in another time namespace than its container's was made in takes what lives for ended, since it compares
 * the times of start as it sees them. What was known counts then.
 */
function unseen(
  { row, logger }: Supervisor,
  known: string | undefined = row.facts.before,
): 'created' | 'running' | 'paused' {
  logger.warn('the runtime says that the container has ended, but its process lives')
  return known === 'created' || known === 'paused' ? known : 'running'
}

/** Whether a container may go on without its conmon, and its exit will be known all the same. */
async function isKept(
  { engine, witnesses }: Supervisor,
  process: ProcessFacts,
  generation: number,
): Promise<boolean> {
  if (engine.creation.monitorLost !== 'keep') return false
  return witnesses.orphan !== undefined || (await witnesses.keep(process, generation))
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
  const { orphan } = supervisor.witnesses
  if (orphan !== undefined) return awaitOrphan(supervisor, orphan, signal)
  if (lifeline !== undefined && !(await within(lifeline.ended, EXIT_FILE_MS, signal))) {
    await killMonitor(supervisor.paths.runDirectory, lifeline)
  }
  const evidence = supervisor.exitEvidence()
  if (evidence !== undefined) return ended(supervisor, evidence)
  supervisor.logger.warn('conmon left no exit file; the exit code is lost')
  return ended(supervisor, withoutCode('monitor-lost'))
}

/** The first process is gone, and so the kernel tells its code, unless other threads of it live on. */
async function awaitOrphan(
  supervisor: Supervisor,
  { ended: over }: ExitWatch,
  signal: AbortSignal,
): Promise<Reconciled> {
  if (!(await within(over, EXIT_FILE_MS, signal))) return endOrphan(supervisor, signal)
  return ended(supervisor, orphanExit(await over))
}

/** A container without its conmon has nowhere to write and nobody to tell its exit. */
async function endOrphan(supervisor: Supervisor, signal: AbortSignal): Promise<Reconciled> {
  supervisor.logger.warn('conmon is gone; the container is killed')
  // The runtime takes its cgroup with it.
  const usage = usageOf(supervisor)
  await supervisor.engine.runtime.delete(supervisor.id, { force: true, signal })
  return { found: 'ended', evidence: { ...withoutCode('monitor-lost'), ...usage } }
}

/** Nobody waits any more for a create that its engine did not live to see the end of. */
async function abandonCreation(supervisor: Supervisor, lifeline: Lifeline | undefined): Promise<Reconciled> {
  const { paths } = supervisor
  if (lifeline !== undefined) await killMonitor(paths.runDirectory, lifeline)
  supervisor.witnesses.release()
  await clearCreation(supervisor)
  return { found: 'absent', failure: interruptedCreation(supervisor) }
}

/** Why a container that was being created is not there. */
export const interruptedCreation = ({ id, name }: Supervisor): RunchartError =>
  new RunchartError('EINTERRUPTED', `the engine ended while it created container ${name}`, {
    containerId: id,
    hint: 'create it again',
  })

const ended = (supervisor: Supervisor, evidence: ExitEvidence): Reconciled => ({
  found: 'ended',
  evidence: { ...evidence, ...usageOf(supervisor) },
})

const withoutCode = (cause: ExitCause): ExitEvidence => ({
  code: -1,
  oomKilled: false,
  finishedAt: new Date().toISOString(),
  cause,
})
