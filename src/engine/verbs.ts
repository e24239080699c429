import type { ContainerCommand, StopRequest } from '../../machines/index.ts'
import { RunchartError } from '../errors.ts'
import type { ContainerState, EndOptions, ExitRecord } from '../types.ts'
import { awaitChange, type Verdict } from './await-change.ts'
import { existingImage, newImage } from './runtime/checkpoint.ts'
import type { Asking, Change, Supervisor } from './supervisor.ts'

/**
 * How a command's caller learns what became of it: by the committed states that follow. Each function here
 * judges one change; `undefined` means that the command is still under way.
 */
type Judge<T> = (change: Change) => Verdict<T>

const done = { value: undefined }

const failed = (change: Change, doing: string): { error: Error } => ({
  error:
    change.failure ??
    new RunchartError('EOVERTAKEN', `container ${change.row.name} is ${change.to}; it could not ${doing}`, {
      containerId: change.row.id,
      hint: 'another command, or its exit, came first; look at its events',
    }),
})

const ENDING: ReadonlySet<ContainerState> = new Set([
  'stopping',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
])

const judgeCreate: Judge<undefined> = (change) => {
  if (change.to === 'creating') return undefined
  return change.to === 'configured' ? failed(change, 'be created') : done
}

/** A container that exits before its start returns has been started. */
const judgeStart: Judge<undefined> = (change) => {
  // In doubt nobody knows whether it has been.
  if (change.to === 'starting' || change.to === 'reconciling') return undefined
  // It rests there only where a stop has taken the start back.
  const isOver = change.to === 'configured' || change.to === 'exited' || change.to === 'removed'
  if (isOver) return failed(change, 'be started')
  if (change.from === 'starting' || change.from === 'reconciling') {
    return change.to === 'created' ? failed(change, 'be started') : done
  }
  // A start asked for after an exit waits for the cleaning, which may fail.
  return change.to === 'stopped' && change.from === 'cleaning' ? failed(change, 'be started') : undefined
}

const judgePause: Judge<undefined> = (change) => {
  if (change.to === 'paused') return done
  return change.to === 'running' || ENDING.has(change.to) ? failed(change, 'be paused') : undefined
}

/** A container that exits before its resume returns has been resumed: what stands still ends by nothing but SIGKILL. */
const judgeResume: Judge<undefined> = (change) => {
  if (change.to === 'running' || (change.from === 'resuming' && change.to === 'stopped')) return done
  return change.to === 'paused' || ENDING.has(change.to) ? failed(change, 'be resumed') : undefined
}

const judgeStop: Judge<ExitRecord> = (change) => {
  const { exit } = change.row.facts
  if (change.to === 'stopped' && exit !== null) return { value: exit }
  if (change.to === 'configured' || change.to === 'removed') return failed(change, 'be stopped')
  const livesOn = change.from === 'reconciling' && (change.to === 'running' || change.to === 'paused')
  return livesOn && change.row.facts.stop === null ? failed(change, 'be stopped') : undefined
}

const judgeRemove: Judge<undefined> = (change) => {
  if (change.to === 'removed') return done
  if (change.from === 'removing' || (change.from === 'cleaning' && change.to === 'stopped')) {
    return failed(change, 'be removed')
  }
  const livesOn = change.from === 'reconciling' && (change.to === 'running' || change.to === 'paused')
  return livesOn ? failed(change, 'be removed') : undefined
}

/** Where a container is after its cleaning; `exited` itself is passed untold where more was asked for meanwhile. */
const OUT_OF_RUNTIME: ReadonlySet<ContainerState> = new Set([
  'exited',
  'creating',
  'restoring',
  'removing',
  'removed',
])

/** Done when it runs on, or when it is out of the runtime, where it can be restored from. */
const judgeCheckpoint: Judge<undefined> = (change) => {
  if (change.failure !== undefined && change.to !== 'reconciling') return failed(change, 'be checkpointed')
  if (change.to === 'running')
    return change.from === 'checkpointing' ? done : failed(change, 'be checkpointed')
  if (change.to === 'paused' || change.to === 'created') return failed(change, 'be checkpointed')
  return change.to === 'stopping' || OUT_OF_RUNTIME.has(change.to) ? done : undefined
}

/** A container that exits before its restore returns has been restored. */
const judgeRestore: Judge<undefined> = (change) => {
  if (change.to === 'configured' || change.to === 'removed') return failed(change, 'be restored')
  return change.from === 'restoring' ? done : undefined
}

const CLEANUP: ContainerCommand = { type: 'cleanup' }

const judgeCleanup: Judge<undefined> = (change) => {
  if (OUT_OF_RUNTIME.has(change.to)) return done
  return change.from === 'cleaning' && change.to === 'stopped' ? failed(change, 'be cleaned up') : undefined
}

const judgeRefresh: Judge<undefined> = (change) =>
  change.from === 'reconciling' && change.to !== 'reconciling' ? done : undefined

/** Where the world gives no answer it is asked again, but nobody is made to wait for that. */
const judgeDoubt = ({ from, to, failure }: Change): { error: Error } | undefined =>
  from === 'reconciling' && to === 'reconciling' && failure !== undefined ? { error: failure } : undefined

const NO_REASON = Symbol('the outcome is known')

async function obey<T>(
  supervisor: Supervisor,
  command: ContainerCommand,
  judge: Judge<T>,
  signal: AbortSignal | undefined,
  asking: Asking = {},
): Promise<T> {
  signal?.throwIfAborted()
  const { journal } = supervisor.engine
  // What could not be written comes first; a command that is refused for it has moved nothing.
  if (journal.isBehind) await journal.committed()
  const listening = new AbortController()
  const cancel = signal === undefined ? listening.signal : AbortSignal.any([signal, listening.signal])
  // What came about before the command, and is told only now, says nothing of it.
  const { changeCount } = supervisor
  const decide = (change: Change) =>
    change.nth <= changeCount ? undefined : (judge(change) ?? judgeDoubt(change))
  const outcome = awaitChange(supervisor, decide, { signal: cancel, unlessRefused: true })
  try {
    supervisor.command(command, asking)
    return await outcome
  } catch (error) {
    outcome.catch(() => {})
    throw error
  } finally {
    // An exception of its own, which nobody looks at, would cost more than the rest of the waiting.
    listening.abort(NO_REASON)
  }
}

export const createRun = (supervisor: Supervisor, signal?: AbortSignal): Promise<undefined> =>
  obey(supervisor, { type: 'create' }, judgeCreate, signal)

export const start = (supervisor: Supervisor, signal?: AbortSignal): Promise<undefined> =>
  obey(supervisor, { type: 'start' }, judgeStart, signal)

/** What a restart policy does: the user has not asked for this start. */
export const restart = (supervisor: Supervisor, signal?: AbortSignal): Promise<undefined> =>
  obey(supervisor, { type: 'start' }, judgeStart, signal, { isPolicy: true })

export const pause = (supervisor: Supervisor, signal?: AbortSignal): Promise<undefined> =>
  obey(supervisor, { type: 'pause' }, judgePause, signal)

export const resume = (supervisor: Supervisor, signal?: AbortSignal): Promise<undefined> =>
  obey(supervisor, { type: 'resume' }, judgeResume, signal)

/** What a caller says of a checkpoint or a restore. */
interface ImageChoice {
  imagePath?: string | undefined
  tcpEstablished?: boolean | undefined
}

/** The seed's checkpointContainer. Nothing begins before the runtime, CRIU and the path are known to be good. */
export async function checkpoint(
  supervisor: Supervisor,
  choice: ImageChoice & { leaveRunning?: boolean | undefined },
  signal?: AbortSignal,
): Promise<void> {
  const { leaveRunning = false, tcpEstablished = false } = choice
  const imagePath = newImage(supervisor, choice.imagePath)
  const command: ContainerCommand = { type: 'checkpoint', leaveRunning, tcpEstablished, imagePath }
  supervisor.assertTakes(command)
  await supervisor.engine.world.assertCheckpointing(supervisor, signal)
  await obey(supervisor, command, judgeCheckpoint, signal)
}

/** Brings the processes of a checkpoint back, as the container's next run. */
export async function restore(
  supervisor: Supervisor,
  choice: ImageChoice,
  signal?: AbortSignal,
): Promise<void> {
  const { tcpEstablished = false } = choice
  supervisor.assertTakes({ type: 'restore', tcpEstablished, imagePath: '' })
  const imagePath = existingImage(supervisor, choice.imagePath)
  await supervisor.engine.world.assertCheckpointing(supervisor, signal)
  await obey(supervisor, { type: 'restore', tcpEstablished, imagePath }, judgeRestore, signal)
}

/** Has the runtime let go of a container that has exited; one that it has let go of is left as it is. */
export async function cleanup(supervisor: Supervisor, signal?: AbortSignal): Promise<void> {
  if (supervisor.row.state === 'exited') return
  if (isBeingCleaned(supervisor)) return awaitChange(supervisor, judgeCleanup, { signal })
  await obey(supervisor, CLEANUP, judgeCleanup, signal)
}

/** Also where the row does not say so yet: right after an exit the chart cleans up, or is about to, and takes no cleanup. */
function isBeingCleaned(supervisor: Supervisor): boolean {
  const { state } = supervisor.row
  return state === 'cleaning' || (state === 'stopped' && !supervisor.takes(CLEANUP))
}

/** States in which a process lives that nobody is at work on. */
const REFRESHABLE: ReadonlySet<ContainerState> = new Set(['created', 'running', 'paused'])

/** The seed's updateContainerStatus: asks the world, and goes to what is true. Without a process nothing is asked. */
export async function refresh(supervisor: Supervisor, signal?: AbortSignal): Promise<void> {
  supervisor.assertOpen()
  if (!REFRESHABLE.has(supervisor.row.state)) return
  await obey(supervisor, { type: 'refresh' }, judgeRefresh, signal)
}

export const remove = (
  supervisor: Supervisor,
  force: boolean,
  { signal, by }: EndOptions = {},
): Promise<undefined> => obey(supervisor, { type: 'remove', force }, judgeRemove, signal, { by })

/** The seed's stopContainer: a container whose process is gone is stopped already, once nothing starts it again. */
export async function stop(
  supervisor: Supervisor,
  request: StopRequest,
  { signal, by }: EndOptions = {},
): Promise<ExitRecord> {
  const command: ContainerCommand = { type: 'stop', ...request }
  const exit = supervisor.lastExit
  if (exit === null) return obey(supervisor, command, judgeStop, signal, { by })
  // Between two runs there may be nothing that takes a stop, but the wish for no other run.
  if (supervisor.policies.isRestartDue && !supervisor.takes(command)) supervisor.policies.wish(command)
  else supervisor.command(command)
  await supervisor.engine.journal.committed()
  return exit
}

/** The seed's killContainer: returns once the signal is delivered. */
export async function kill(
  supervisor: Supervisor,
  number: number,
  { signal, by }: EndOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  const request = supervisor.nextRequest()
  const answer = new Promise<Error | undefined>((resolve) => supervisor.signalRequests.set(request, resolve))
  try {
    supervisor.command({ type: 'kill', signal: number, request }, { by })
    const error = await answer
    if (error !== undefined) throw error
  } finally {
    supervisor.signalRequests.delete(request)
  }
}
