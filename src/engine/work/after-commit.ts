import type { EngineContext } from '../context.ts'

/**
 * Begins an effect. Intent before effect: the transition that asks for it is on disk before it begins. A closing
 * engine waits for it.
 */
export function afterCommit<Output>(
  { effects, journal }: EngineContext,
  signal: AbortSignal,
  work: () => Promise<Output>,
): Promise<Output> {
  const begin = async (): Promise<Output> => {
    // The chart calls this before its observers have heard of the transition; they have one turn later.
    await Promise.resolve()
    await journal.committed()
    signal.throwIfAborted()
    return work()
  }
  return effects.track(begin())
}

/**
 * Begins what follows an exit. It is nobody's command that could be refused: it waits for the disk, however long.
 */
export function onceDurable<Output>(
  { effects, journal }: EngineContext,
  signal: AbortSignal,
  work: () => Output | Promise<Output>,
): Promise<Output> {
  const begin = async (): Promise<Output> => {
    // As in afterCommit.
    await Promise.resolve()
    await journal.durable()
    signal.throwIfAborted()
    return work()
  }
  return effects.track(begin())
}
