import type { Ownership } from '../../root/ownership.ts'
import { StoredEventStream } from '../../store/event-stream.ts'
import { type CompleteRetention, Pruner } from '../../store/events/retention.ts'
import { Journal } from '../../store/journal.ts'
import type { EngineContext } from '../context.ts'
import { provideEffects } from '../effects.ts'
import { ContainerEngine } from '../engine.ts'
import { Commands, InFlight } from '../work/in-flight.ts'
import { type Inspector, inspection } from '../work/inspection.ts'

/** What an engine is put together from. */
export interface EngineParts
  extends Omit<EngineContext, 'chart' | 'journal' | 'commands' | 'effects' | 'actorOptions'> {
  /** What is past it is given up for as long as the engine is open; all events are kept where left out. */
  retention?: CompleteRetention | undefined
  inspector?: Inspector | undefined
  /** Let go of when the engine has closed. */
  owned: readonly Ownership[]
}

/** Puts an engine together and has it take over what its store knows. Where that fails the store is closed. */
export async function assembleEngine(given: EngineParts): Promise<ContainerEngine> {
  const { owned, retention, inspector, ...parts } = given
  const { store, world, logger } = parts
  try {
    const journal = new Journal(store, world.clock, (error) =>
      logger.error({ err: error }, 'a transition could not be committed'),
    )
    const events = new StoredEventStream(store, (error) =>
      logger.error({ err: error }, 'a consumer of events threw'),
    )
    const chart = provideEffects((id) => engine.supervisor(id), world.containers)
    if (retention !== undefined) prune(parts, retention, events)
    const context = {
      ...{ ...parts, chart, journal, commands: new Commands(), effects: new InFlight() },
      actorOptions: {
        clock: world.clock,
        ...(inspector !== undefined && { inspect: inspection(inspector, logger) }),
      },
    }
    const engine: ContainerEngine = new ContainerEngine(context, events, owned)
    await recoverOrClose(engine)
    return engine
  } catch (error) {
    store.close()
    throw error
  }
}

function prune(
  { store, world, logger }: Pick<EngineParts, 'store' | 'world' | 'logger'>,
  retention: CompleteRetention,
  events: StoredEventStream,
): void {
  const pruner = new Pruner(store, retention, world.clock, (error) =>
    logger.warn({ err: error }, 'events that are past their retention could not be given up'),
  )
  events.subscribe({ next: () => pruner.committed(), complete: () => pruner.close() })
}

/** An engine that cannot take over what there is is closed: it would keep the process alive. */
async function recoverOrClose(engine: ContainerEngine): Promise<void> {
  try {
    await engine.recover()
  } catch (error) {
    await engine.close({ timeout: 0 }).catch(() => {})
    throw error
  }
}
