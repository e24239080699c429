import { fromPromise } from 'xstate'
import {
  type ExecRunInput,
  type ExecSignalInput,
  execMachine,
  type FoundSession,
  type StartedSession,
} from '../../../machines/index.ts'
import { afterCommit } from '../work/after-commit.ts'
import { type EffectTrace, traced } from '../work/tracing.ts'
import type { Session } from './session.ts'

type Work<Output> = (session: Session, input: ExecRunInput, signal: AbortSignal) => Promise<Output>

/** What a world does to a command in a container where its chart asks for it. */
export interface SessionEffects {
  /** Gives the session what is `attached` or `detached` of it. */
  start: Work<StartedSession>
  deliver(session: Session, input: ExecSignalInput): Promise<void>
  /** What has become of one that an earlier engine had begun. */
  find: Work<FoundSession>
}

/** The exec chart with the effects of one session. */
export function provideExecEffects(session: Session): typeof execMachine {
  const { engine } = session.supervisor
  const { sessions } = engine.world
  const effect = <Output>(name: string, work: Work<Output>) =>
    fromPromise<Output, ExecRunInput>(({ input, signal }) =>
      afterCommit(engine, signal, () => traced(traceOf(name, session), () => work(session, input, signal))),
    )
  return execMachine.provide({
    actors: {
      startSession: effect('startSession', sessions.start),
      signalSession: fromPromise<void, ExecSignalInput>(({ input }) =>
        traced(traceOf('signalSession', session), () => answer(session, input, sessions)),
      ),
      findSession: effect('findSession', sessions.find),
    },
  })
}

const traceOf = (effect: string, { id, supervisor }: Session): EffectTrace => ({
  effect,
  containerId: supervisor.id,
  name: supervisor.name,
  generation: supervisor.row.generation,
  sessionId: id,
})

/**
 * Nobody awaits the actor of a `kill`: its failure is its caller's, and must not become the chart's. A signal waits
 * for no disk: what is bound to its caller has to end when that is full as well.
 */
async function answer(session: Session, input: ExecSignalInput, effects: SessionEffects): Promise<void> {
  const answered = input.request === undefined ? undefined : session.signalRequests.get(input.request)
  try {
    await effects.deliver(session, input)
    answered?.(undefined)
  } catch (error) {
    if (input.request === undefined) throw error
    answered?.(error instanceof Error ? error : new Error(String(error)))
  }
}
