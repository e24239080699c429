import type { Ownership } from '../../root/ownership.ts'
import { StoredEventStream } from '../../store/event-stream.ts'
import { Journal } from '../../store/journal.ts'
import type { EngineContext } from '../context.ts'
import { provideEffects } from '../effects.ts'
import { ContainerEngine } from '../engine.ts'
import { Commands, InFlight } from '../work/in-flight.ts'

/** What an engine is put together from. */
export interface EngineParts extends Omit<EngineContext, 'chart' | 'journal' | 'commands' | 'effects'> {
  /** Let go of when the engine has closed. */
  owned: readonly Ownership[]
}

/** Puts an engine together and has it take over what its store knows. Where that fails the store is closed. */
export async function assembleEngine({ owned, ...parts }: EngineParts): Promise<ContainerEngine> {
  const { store, world, logger } = parts
  try {
    const journal = new Journal(store, world.clock, (error) =>
      logger.error({ err: error }, 'a transition could not be committed'),
    )
    const events = new StoredEventStream(store, (error) =>
      logger.error({ err: error }, 'a consumer of events threw'),
    )
    const chart = provideEffects((id) => engine.supervisor(id), world.containers)
    const context = { ...parts, chart, journal, commands: new Commands(), effects: new InFlight() }
    const engine: ContainerEngine = new ContainerEngine(context, events, owned)
    await recoverOrClose(engine)
    return engine
  } catch (error) {
    store.close()
    throw error
  }
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
