import type { EngineContext } from '../context.ts'

type Work<Output> = () => Output | Promise<Output>

/**
 * Begins an effect. Intent before effect: the transition that asks for it is on disk before it begins. A closing
 * engine waits for it.
 */
export const afterCommit = <Output>(
  engine: EngineContext,
  signal: AbortSignal,
  work: Work<Output>,
): Promise<Output> => begin(engine, () => engine.journal.committed(), signal, work)

/**
 * Begins what follows an exit. It is nobody's command that could be refused: it waits for the disk, however long.
 */
export const onceDurable = <Output>(
  engine: EngineContext,
  signal: AbortSignal,
  work: Work<Output>,
): Promise<Output> => begin(engine, () => engine.journal.durable(), signal, work)

function begin<Output>(
  { effects }: EngineContext,
  written: () => Promise<void>,
  signal: AbortSignal,
  work: Work<Output>,
): Promise<Output> {
  const begun = async (): Promise<Output> => {
    // The chart calls this before its observers have heard of the transition; they have one turn later.
    await Promise.resolve()
    await written()
    signal.throwIfAborted()
    return work()
  }
  return effects.track(begun())
}
