import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Container, Engine } from '../../../src/index.ts'
import type { TestPlace } from '../../fixtures/engine.ts'
import { until } from '../bench.ts'
import { labelOf } from '../paths/paths.ts'
import { HELD_AT, LASTING, leafOf, type State, type Step } from './chart-and-world.ts'
import type { SteppedRuntime } from './held-runtime.ts'
import { expected, type Run, seen } from './look.ts'

/** As long as a busy machine may take. */
const PATIENCE_MS = 60_000
/** Takes no signal but SIGKILL. */
const STUBBORN = 'trap "" TERM; while :; do sleep 1000 & wait; done'

export interface Stage {
  place: TestPlace
  engine: Engine
  runtime: SteppedRuntime
}

/** A step after which the world is not what the path says. */
export class WrongTurn extends Error {}

/** Drives a real container along a path, and looks at the world wherever the path says that it lasts. */
export async function drive(path: readonly Step[], name: string, stage: Stage): Promise<void> {
  const container = await ended(stage, name)
  stage.runtime.hold(container.id)
  try {
    let leaf = 'exited'
    for (const [index, { event, state }] of path.entries()) {
      const next = path[index + 1]?.event.type ?? ''
      take(event, leaf, { container, runtime: stage.runtime, grace: next.includes('stopGrace') ? 1 : 600 })
      leaf = leafOf(state)
      if (LASTING.includes(leaf)) await arrive(stage, container, state, path.slice(0, index + 1))
    }
  } finally {
    stage.runtime.release(container.id)
    await container
      .remove({ force: true })
      .catch(() => until(stage.engine, () => container.state === 'removed'))
  }
}

/** One that has run once. */
async function ended({ place, engine }: Stage, name: string): Promise<Container> {
  const container = await place.sh(engine, STUBBORN, { name })
  await container.stop({ timeout: 0 })
  await until(engine, () => container.state === 'exited')
  return container
}

interface Hands {
  container: Container
  runtime: SteppedRuntime
  /** Seconds. */
  grace: number
}

/** Does what the event stands for; what comes by itself is waited for. */
function take(event: Step['event'], leaf: string, { container, runtime, grace }: Hands): void {
  const { graceMs, force } = event as { graceMs?: number; force?: boolean }
  const { pid, monitorPid } = container.inspect()
  const asked = (): Promise<unknown> | undefined => {
    switch (event.type) {
      case 'create':
        return container.create()
      case 'start':
        return container.start()
      case 'pause':
        return container.pause()
      case 'resume':
        return container.resume()
      case 'refresh':
        return container.refresh()
      case 'kill':
        return container.kill('SIGCONT')
      case 'stop':
        return container.stop({ timeout: graceMs === 0 ? 0 : grace })
      case 'remove':
        return container.remove({ force: force === true })
      case 'exit.observed':
        if (leaf !== 'stopping.killing' && pid !== null) process.kill(pid, 'SIGKILL')
        return undefined
      case 'monitor.lost':
        if (monitorPid !== null) process.kill(monitorPid, 'SIGKILL')
        return undefined
      default:
        if (event.type.startsWith('xstate.done.') && leaf in HELD_AT)
          runtime.letGo(container.id, HELD_AT[leaf] ?? '')
        return undefined
    }
  }
  // What a later step overtakes is refused to who asked first; the world is what is looked at.
  asked()?.catch(() => {})
}

async function arrive(
  { place, engine }: Stage,
  container: Container,
  state: State,
  path: readonly Step[],
): Promise<void> {
  const [top] = leafOf(state).split('.')
  const [generation, story] = [
    state.chart.context.generation as number,
    path.map(({ event }) => labelOf(event)).join(', '),
  ]
  const reached = until(engine, () => container.state === top && container.generation === generation)
  const late = delay(PATIENCE_MS, 'late', { ref: false })
  if ((await Promise.race([reached, late])) === 'late') {
    throw new WrongTurn(`${story}: it is ${container.state}, and never ${leafOf(state)}`)
  }
  const run: Run = { id: container.id, pid: container.state === 'removed' ? null : container.inspect().pid }
  const wanted = expected(state)
  let found = await seen(place, run)
  // A runtime that was let go on may still be about to end; nothing else changes any more.
  for (let look = 0; look < 100 && !isDeepStrictEqual(found, wanted); look += 1)
    found = await seen(place, run)
  if (isDeepStrictEqual(found, wanted)) return
  throw new WrongTurn(`${story}: there is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
}
