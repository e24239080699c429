import { type ContainerContext, type Exit, LOST_MONITOR, OUTLIVED_KILL } from '../../machines/index.ts'
import { RunchartError, StopTimeoutError, typedError } from '../errors.ts'
import { signalName } from '../spec/signals.ts'
import type { Askers, ContainerFacts, ContainerRow } from '../store/records.ts'
import type { ContainerState, ErrorRecord, ExitRecord } from '../types.ts'
import { askerOfExit, askersOf } from './ending/askers.ts'

/** The facts of a container that has only just been made up. */
export const NO_FACTS: ContainerFacts = {
  process: null,
  monitor: null,
  startedAt: null,
  stop: null,
  exit: null,
  error: null,
}

/** The row that a chart's new state makes of the old one, `at` an ISO 8601 time. */
export function nextRow(
  row: ContainerRow,
  state: ContainerState,
  context: ContainerContext,
  at: string,
): ContainerRow {
  const startedAt = startOf(row, state, context, at)
  const askers = askersOf(row, context)
  return {
    ...row,
    state,
    generation: context.generation,
    facts: {
      process: context.process ?? null,
      monitor: context.monitor ?? null,
      startedAt,
      stop: context.stop ?? null,
      exit: exitOf(row, state, context, { startedAt, at, askers }),
      error: errorRecord(errorOf(context.failure, row)),
      // An engine that dies while it asks leaves the next one the same question.
      ...(state === 'reconciling' && { before: row.facts.before ?? row.state }),
      ...(row.facts.execs !== undefined && { execs: row.facts.execs }),
      ...(row.facts.restart !== undefined && { restart: row.facts.restart }),
      ...(askers !== undefined && { askers }),
      ...(row.facts.health !== undefined && { health: row.facts.health }),
      ...(row.facts.pooled === true && !USED.has(state) && { pooled: true }),
    },
  }
}

/**
 * Whether this is the transition that takes the monitor from a run that is not over. The row alone says so, and so the
 * loss is told once, whichever engine tells it.
 */
export function losesMonitor(before: ContainerRow, row: ContainerRow): boolean {
  return before.facts.monitor !== null && before.facts.exit === null && row.facts.monitor === null
}

/** A run begins when its start is asked for; a start that failed was none. */
function startOf(
  row: ContainerRow,
  state: ContainerState,
  context: ContainerContext,
  at: string,
): string | null {
  if (state === 'starting' || (state === 'restoring' && row.state !== state)) return at
  if (context.generation !== row.generation || state === 'created') return null
  return row.facts.startedAt
}

/** States that a container of a pool comes to by somebody's hand alone. */
const USED: ReadonlySet<ContainerState> = new Set(['starting', 'restoring', 'running'])

/** States out of which a container is `configured` again only where its run never had a process. */
const MAKING: ReadonlySet<ContainerState> = new Set(['creating', 'restoring', 'reconciling'])

/** Whether that transition is the end of a run that never came to be. */
export const cameToNothing = (from: ContainerState, to: ContainerState): boolean =>
  to === 'configured' && MAKING.has(from)

/** Whether that transition is the end of a run, of one that never came to be too. */
export const endsRun = (from: ContainerState, to: ContainerState): boolean =>
  (from !== to && to === 'stopped') || cameToNothing(from, to)

/** What an exit record has beyond the exit itself; `at` is an ISO 8601 time. */
interface RunFacts {
  startedAt: string | null
  at: string
  askers: Askers | undefined
}

function exitOf(
  row: ContainerRow,
  state: ContainerState,
  context: ContainerContext,
  facts: RunFacts,
): ExitRecord | null {
  if (cameToNothing(row.state, state)) {
    const exit = { code: -1, oomKilled: false, finishedAt: facts.at, cause: 'create-failed' } as const
    return exitRecord(row, exit, { ...facts, startedAt: null })
  }
  // While the run goes on, an exit that came too early for its state is not told.
  if (state === 'creating' || state === 'restoring' || state === 'checkpointing') return null
  if (context.exit === undefined) return context.generation === row.generation ? row.facts.exit : null
  return exitRecord({ ...row, generation: context.generation }, context.exit, facts)
}

function exitRecord(row: ContainerRow, exit: Exit, { startedAt, askers }: RunFacts): ExitRecord {
  return {
    containerId: row.id,
    name: row.name,
    generation: row.generation,
    code: exit.code,
    signal: exit.code > 128 ? signalName(exit.code - 128) : null,
    oomKilled: exit.oomKilled,
    cause: exit.cause,
    by: askerOfExit(askers, exit),
    startedAt,
    finishedAt: exit.finishedAt,
    cpuMs: exit.cpuMs ?? null,
    memoryPeak: exit.memoryPeak ?? null,
  }
}

/** What a failed effect threw, as the error a caller gets. */
export function errorOf(failure: unknown, { id, name }: { id: string; name: string }): Error | undefined {
  if (failure === undefined) return undefined
  if (failure === OUTLIVED_KILL) {
    return new StopTimeoutError(`container ${name} outlived SIGKILL`, {
      containerId: id,
      hint: 'a process in uninterruptible sleep dies when what it waits for comes; look at its stack in /proc',
    })
  }
  if (failure === LOST_MONITOR) {
    return new RunchartError('EMONITORLOST', `container ${name} lost its conmon in a checkpoint`, {
      containerId: id,
      hint: 'somebody killed it, or it ran out of memory; start the container again',
    })
  }
  const error = typedError(failure, `container ${name}`, { containerId: id })
  return error instanceof Error ? error : new RunchartError('EFAILED', String(error), { containerId: id })
}

/** An error as it is stored and sent. */
export function errorRecord(error: Error | undefined): ErrorRecord | null {
  if (error === undefined) return null
  if (!(error instanceof RunchartError)) return { code: 'EFAILED', message: error.message }
  const { code, message, hint } = error
  return hint === undefined ? { code, message } : { code, message, hint }
}
