import { fromPromise } from 'xstate'
import { healthMachine, KEPT_PROBE_OUTPUT, type Probed, type RunInput } from '../../../machines/index.ts'
import { EngineClosedError } from '../../errors.ts'
import { collectExec } from '../exec/handle.ts'
import type { Supervisor } from '../supervisor.ts'
import { never } from './effects.ts'

/** The health chart with its real effect: a command in the container, which `execs` and events do not show. */
export function provideProbe(supervisor: Supervisor, command: string[]): typeof healthMachine {
  return healthMachine.provide({
    actors: {
      probe: fromPromise<Probed, RunInput>(({ signal }) => probe(supervisor, command, signal)),
    },
  })
}

async function probe(supervisor: Supervisor, command: string[], signal: AbortSignal): Promise<Probed> {
  const { clock } = supervisor.engine.world
  const begun = clock.now().getTime()
  try {
    const options = { signal, maxOutputBytes: KEPT_PROBE_OUTPUT }
    const { exitCode, stdout, stderr } = await collectExec(supervisor, command, options, 'probe')
    if (exitCode !== 0 && isOver(supervisor)) return never(signal)
    return { exitCode, output: stdout + stderr, durationMs: Math.max(0, clock.now().getTime() - begun) }
  } catch (error) {
    if (error instanceof EngineClosedError || isOver(supervisor)) return never(signal)
    throw error
  }
}

/** A probe that failed because its container is at its end says nothing of its health; the exit is on its way. */
function isOver(supervisor: Supervisor): boolean {
  return supervisor.sessions.isEnding || !supervisor.engine.world.isAlive(supervisor)
}
