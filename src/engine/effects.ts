import { constants } from 'node:os'
import { fromPromise } from 'xstate'
import {
  type Checkpointed,
  type CheckpointInput,
  type CreatedFacts,
  containerMachine,
  type Reconciled,
  type ReconcileInput,
  type RestoreInput,
  type RunInput,
  type SignalInput,
} from '../../machines/index.ts'
import { StoreError } from '../errors.ts'
import { signalName } from '../spec/signals.ts'
import type { Supervisor } from './supervisor.ts'
import { afterCommit, onceDurable } from './work/after-commit.ts'
import { type EffectTrace, traced } from './work/tracing.ts'

export const { SIGKILL } = constants.signals
/** How long a runtime has to kill a container before that is done without it; the chart waits 5 s for the exit. */
const UNAIDED_MS = 2_000

const SIGNAL = 'signalContainer'

type Find = (id: string) => Supervisor
type Work<Output, Input> = (supervisor: Supervisor, input: Input, signal: AbortSignal) => Promise<Output>

/** What a world does to a container where its chart asks for it. */
export interface ContainerEffects {
  /** What failed leaves nothing in the runtime. */
  create: Work<CreatedFacts, RunInput>
  start: Work<void, RunInput>
  deliver: Work<void, SignalInput>
  /** Kills the first process without the runtime. False where it could not be signalled. */
  killUnaided(supervisor: Supervisor): boolean
  /** Whether the error of a delivery says that nobody is there any more. */
  isGone(supervisor: Supervisor, error: unknown): boolean
  pause: Work<void, RunInput>
  resume: Work<void, RunInput>
  checkpoint: Work<Checkpointed, CheckpointInput>
  restore: Work<CreatedFacts, RestoreInput>
  /** The exit is on disk: what proved it is needed no more. */
  recordExit(supervisor: Supervisor): void
  cleanUp(supervisor: Supervisor, signal: AbortSignal): Promise<void>
  remove: Work<void, RunInput>
  /** Holds what is known of the container against the world. */
  reconcile: Work<Reconciled, ReconcileInput>
}

/** The container chart with the effects of a world; `find` gives the supervisor of a container's id. */
export function provideEffects(find: Find, effects: ContainerEffects): typeof containerMachine {
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
      createContainer: effect('createContainer', effects.create),
      startContainer: effect('startContainer', effects.start),
      signalContainer: fromPromise<void, SignalInput>(({ input, signal }) =>
        answer(find, input, signal, effects),
      ),
      pauseContainer: effect('pauseContainer', effects.pause),
      resumeContainer: effect('resumeContainer', effects.resume),
      checkpointContainer: effect('checkpointContainer', effects.checkpoint),
      restoreContainer: effect('restoreContainer', effects.restore),
      recordExit: afterExit('recordExit', effects.recordExit),
      cleanUp: afterExit('cleanUp', effects.cleanUp),
      removeContainer: effect('removeContainer', effects.remove),
      reconcile: effect('reconcile', (supervisor, input: ReconcileInput, signal) =>
        reconcileAll(supervisor, input, signal, effects),
      ),
    },
  })
}

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

/**
 * A signal that the chart itself sends to a process already gone has done its work. One that `kill` asked for is
 * answered to its caller; nobody awaits that actor, so its failure must not become the chart's.
 */
async function answer(
  find: Find,
  input: SignalInput,
  signal: AbortSignal,
  effects: ContainerEffects,
): Promise<void> {
  const send: Work<void, SignalInput> = (supervisor, request, abort) =>
    deliver(supervisor, request, abort, effects)
  if (input.request === undefined) {
    return perform(SIGNAL, find, input, signal, (supervisor, request, abort) =>
      signalForStop(supervisor, request, abort, effects),
    )
  }
  const answered = find(input.id).signalRequests.get(input.request)
  try {
    await perform(SIGNAL, find, input, signal, send)
    answered?.(undefined)
  } catch (error) {
    answered?.(error instanceof Error ? error : new Error(String(error)))
  }
}

async function signalForStop(
  supervisor: Supervisor,
  input: SignalInput,
  abort: AbortSignal,
  effects: ContainerEffects,
): Promise<void> {
  const { clock } = supervisor.engine.world
  const isLast = input.signal === SIGKILL
  // A runtime that hangs must not keep alive what is to be killed.
  const unaided = isLast ? clock.setTimeout(() => effects.killUnaided(supervisor), UNAIDED_MS) : undefined
  try {
    await deliver(supervisor, input, abort, effects)
  } catch (error) {
    if (effects.isGone(supervisor, error)) return
    if (!isLast || error instanceof StoreError || !effects.killUnaided(supervisor)) throw error
    supervisor.logger.warn(
      { err: error },
      'the runtime could not kill the container; it was killed without it',
    )
  } finally {
    clock.clearTimeout(unaided)
  }
}

async function deliver(
  supervisor: Supervisor,
  input: SignalInput,
  abort: AbortSignal,
  effects: ContainerEffects,
): Promise<void> {
  const { signal, request } = input
  const { askers } = supervisor.row.facts
  const by = request === undefined ? (askers?.stop ?? askers?.remove) : askers?.signals?.[signal]
  // Told before it is sent: what it does may be seen before it has been delivered.
  await supervisor.recordSignal(signalName(signal) ?? String(signal), by)
  await effects.deliver(supervisor, input, abort)
}

/** The container, and the commands that an earlier engine had run in it; where its run is over, theirs come first. */
async function reconcileAll(
  supervisor: Supervisor,
  input: ReconcileInput,
  signal: AbortSignal,
  effects: ContainerEffects,
): Promise<Reconciled> {
  // Only where the engine has just opened: later on the sessions are its own. The container's exit may come while the
  // world is asked, and theirs are to be told before it.
  const isNew = input.known !== undefined
  const recovered = isNew ? supervisor.sessions.recover(supervisor.row.facts.execs ?? []) : undefined
  const [found] = await Promise.all([effects.reconcile(supervisor, input, signal), recovered])
  if (found.found === 'ended') await supervisor.sessions.endAll()
  return found
}
