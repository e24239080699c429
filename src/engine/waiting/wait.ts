import { quote } from '../../../effects/quote.ts'
import type { Clock } from '../../clock.ts'
import { InvalidInputError, RemovedError, RunchartError, WaitTimeoutError } from '../../errors.ts'
import { toMilliseconds } from '../../spec/options.ts'
import type { ContainerRow } from '../../store/records.ts'
import type { WaitCondition, WaitOptions, WaitResults } from '../../types.ts'
import { awaitChange, type Verdict } from '../await-change.ts'
import { containerInfo } from '../live/info.ts'
import type { Supervisor } from '../supervisor.ts'

/** Judges a container as it was committed: what it is now, and after each of its transitions. */
type Judge<T> = (row: ContainerRow) => Verdict<T>

/** What each condition waits for; `generation` is the run that the caller named. */
const JUDGES: {
  [For in WaitCondition]: (supervisor: Supervisor, generation: number | undefined) => Judge<WaitResults[For]>
} = {
  running: judgeRunning,
  healthy: judgeHealthy,
  exit: judgeExit,
  'next-exit': judgeNextExit,
  removed: judgeRemoved,
}

/**
 * Waits until a container has come to what was asked for. What is so already decides at once. That look, and the
 * listening for what follows, are one step of the event loop: nothing falls between them. A wait that is cancelled, or
 * whose time is up, touches nothing.
 *
 * @throws InvalidInputError for options that are none, before anything is waited for
 */
export async function waitFor<For extends WaitCondition>(
  supervisor: Supervisor,
  options: WaitOptions<For>,
): Promise<WaitResults[For]> {
  const { condition, generation, timeoutMs } = validWait(options)
  options.signal?.throwIfAborted()
  supervisor.assertOpen()
  const judge: Judge<WaitResults[For]> = JUDGES[condition](supervisor, generation)
  const now = judge(supervisor.row)
  if (now !== undefined) return settle(now)
  const changed = (signal: AbortSignal | undefined) => untilDecided(supervisor, judge, signal)
  if (timeoutMs === undefined) return changed(options.signal)
  return inTime(supervisor.engine.world.clock, timeoutMs, options.signal, changed, () => {
    const { name, row, id } = supervisor
    const wait = { awaited: condition, state: row.state, seconds: timeoutMs / 1_000 }
    return new WaitTimeoutError(wait, name, { containerId: id })
  })
}

/** A container's health changes without a transition of its own. */
async function untilDecided<T>(
  supervisor: Supervisor,
  judge: Judge<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const over = new AbortController()
  const unlisten = supervisor.policies.listen(() => {
    const verdict = judge(supervisor.row)
    if (verdict === undefined) return
    if ('error' in verdict) reject(verdict.error)
    else resolve(verdict.value)
  })
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  const changed = awaitChange(supervisor, ({ row }) => judge(row), { signal: either })
  // The loser of the race may still be rejected.
  changed.catch(() => {})
  try {
    return await Promise.race([changed, promise])
  } finally {
    unlisten()
    // Without a reason of its own it would make an exception with a stack that nobody looks at.
    over.abort('over')
  }
}

/** Options of a wait, checked. */
export function validWait<For extends WaitCondition>(
  options: WaitOptions<For>,
): { condition: For; generation: number | undefined; timeoutMs: number | undefined } {
  const { for: condition = 'exit' as For, generation, timeout } = options
  if (!Object.hasOwn(JUDGES, condition)) {
    throw new InvalidInputError(`invalid condition ${quote(condition)} to wait for`, {
      hint: `give one of ${Object.keys(JUDGES).join(', ')}`,
    })
  }
  // The exit after no run at all is the first one.
  const first = condition === 'next-exit' ? 0 : 1
  if (generation !== undefined && !(Number.isSafeInteger(generation) && generation >= first)) {
    throw new InvalidInputError(`invalid generation ${quote(generation)}`, {
      hint: `give a whole number from ${first} on`,
    })
  }
  if (generation !== undefined && condition === 'removed') {
    throw new InvalidInputError('a removal is of no run of the container', { hint: 'leave generation out' })
  }
  const timeoutMs = timeout === undefined ? undefined : toMilliseconds('time to wait', timeout)
  return { condition, generation, timeoutMs }
}

async function inTime<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const timeUp = new AbortController()
  const timer = clock.setTimeout(() => timeUp.abort(late()), timeoutMs)
  try {
    return await work(signal === undefined ? timeUp.signal : AbortSignal.any([signal, timeUp.signal]))
  } finally {
    clock.clearTimeout(timer)
  }
}

function settle<T>(verdict: { value: T } | { error: Error }): T {
  if ('error' in verdict) throw verdict.error
  return verdict.value
}

function judgeRunning(supervisor: Supervisor, generation: number | undefined): Judge<WaitResults['running']> {
  const { row } = supervisor
  const isOver = row.facts.exit !== null || row.generation === 0
  const wanted = generation ?? (isOver ? row.generation + 1 : row.generation)
  return (now) => {
    if (now.generation === wanted && now.state === 'running') return { value: containerInfo(supervisor) }
    // Before a removal, which follows where a create has failed.
    if (now.generation > wanted || (now.generation === wanted && now.facts.exit !== null)) {
      return { error: overtaken(now, wanted) }
    }
    return now.state === 'removed' ? { error: removed(now) } : undefined
  }
}

function judgeHealthy(supervisor: Supervisor, generation: number | undefined): Judge<WaitResults['healthy']> {
  const { row, settings } = supervisor
  if (settings.healthCheck === undefined) {
    throw new InvalidInputError(`container ${row.name} has no health check`, {
      hint: 'create it with one, or wait until it is running',
    })
  }
  const isOver = row.facts.exit !== null || row.generation === 0
  const wanted = generation ?? (isOver ? row.generation + 1 : row.generation)
  return (now) => {
    const isWanted = now.generation === wanted
    if (now.generation > wanted || (isWanted && now.facts.exit !== null)) {
      return { error: overtaken(now, wanted) }
    }
    if (isWanted && now.facts.health?.state === 'healthy') return { value: containerInfo(supervisor) }
    return now.state === 'removed' ? { error: removed(now) } : undefined
  }
}

function judgeExit(supervisor: Supervisor, generation: number | undefined): Judge<WaitResults['exit']> {
  const { engine, id, row } = supervisor
  const wanted = generation ?? Math.max(row.generation, 1)
  const known = engine.store.exitRecord(id, wanted)
  return (now) => {
    const { exit } = now.facts
    const record = known ?? (exit?.generation === wanted ? exit : undefined)
    if (record !== undefined) return { value: record }
    return now.state === 'removed' ? { error: removed(now) } : undefined
  }
}

function judgeNextExit(
  supervisor: Supervisor,
  generation: number | undefined,
): Judge<WaitResults['next-exit']> {
  const { engine, id, row } = supervisor
  const after = generation ?? (row.facts.exit === null ? row.generation - 1 : row.generation)
  const known = engine.store.exitAfter(id, after)
  return (now) => {
    const { exit } = now.facts
    const record = known ?? (exit !== null && exit.generation > after ? exit : undefined)
    if (record !== undefined) return { value: record }
    return now.state === 'removed' ? { error: removed(now) } : undefined
  }
}

function judgeRemoved({ engine }: Supervisor): Judge<WaitResults['removed']> {
  return ({ state, id }) => (state === 'removed' ? { value: engine.store.exitRecord(id) ?? null } : undefined)
}

const removed = ({ name, id }: Pick<ContainerRow, 'name' | 'id'>): RemovedError =>
  new RemovedError(`container ${name} was removed`, { containerId: id, hint: 'look at its last exit record' })

const overtaken = ({ name, id, state }: ContainerRow, generation: number): RunchartError =>
  new RunchartError(
    'EOVERTAKEN',
    `container ${name} is ${state}; its run ${generation} is over, and not running`,
    {
      containerId: id,
      hint: 'look at the exit record of that run, and at its events',
    },
  )
