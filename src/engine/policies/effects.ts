import { fromPromise } from 'xstate'
import { type RestartContainerInput, restartMachine } from '../../../machines/index.ts'
import { EngineClosedError } from '../../errors.ts'
import type { Supervisor } from '../supervisor.ts'
import * as verbs from '../verbs.ts'
import { resting } from '../work/resting.ts'

/** The restart chart with its real effect. */
export function provideRestart(supervisor: Supervisor): typeof restartMachine {
  return restartMachine.provide({
    actors: {
      restartContainer: fromPromise<void, RestartContainerInput>(({ signal }) => restart(supervisor, signal)),
    },
  })
}

/** Starts the container once all that its last run has left is done with; rejects where that start fails. */
async function restart(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const { engine } = supervisor
  // The chart calls this before its observers have heard of the transition.
  await Promise.resolve()
  // A disk that is full is no failure of the container's.
  await engine.journal.durable()
  await resting(supervisor, signal)
  signal.throwIfAborted()
  await unlessClosing(signal, () => engine.commands.take(() => verbs.restart(supervisor, signal)))
}

/** An engine that closes leaves to the next one what it does not do any more: the chart is not told that it failed. */
export async function unlessClosing<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof EngineClosedError)) throw error
    return never(signal)
  }
}

/** Rejects when the signal aborts. */
export const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
