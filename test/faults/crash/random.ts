import type { Command, Plan, Script } from './engine/plan.ts'
import type { Death } from './round.ts'

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What a round does, and how its engines die. */
export interface RandomRound {
  plan: Plan
  deaths: Death[]
}

/** About as many steps as the longest plan has. */
const MOST_STEPS = 700
/** An engine that only opens and closes has no more. */
const MOST_RECOVERY_STEPS = 80
const LONGEST_WAIT_MICROSECONDS = 60_000

/** The round of a seed. */
export function randomRound(seed: number): RandomRound {
  const random = randomFrom(seed)
  const upTo = (most: number): number => Math.floor(random() * most)
  const pick = <T>(values: readonly [T, ...T[]]): T => values[upTo(values.length)] ?? values[0]
  // No hexadecimal digits alone: the name of one that is gone could be the start of another's id.
  const names = Array.from({ length: 1 + upTo(4) }, (_, index) => `web${index}`)
  const plan = names.map((name) => sequence(name, pick, upTo))
  const deaths = Array.from({ length: 1 + upTo(3) }, (_, index) =>
    index === 0 ? death(MOST_STEPS, random) : death(MOST_RECOVERY_STEPS, random),
  )
  return { plan, deaths }
}

type Pick = <T>(values: readonly [T, ...T[]]) => T

function sequence(name: string, pick: Pick, upTo: (most: number) => number): Command[] {
  const script = pick<Script>(['quick', 'brief', 'brief', 'obedient', 'obedient', 'stubborn', 'missing'])
  const create: Command = { do: 'create', name, script, code: 1 + upTo(120) }
  const anything = (): Command =>
    pick<Command>([
      { do: 'start', name },
      { do: 'start', name },
      { do: 'stop', name, timeout: pick([0, 0.02, 0.5]) },
      { do: 'kill', name, signal: pick(['SIGTERM', 'SIGKILL']) },
      { do: 'pause', name },
      { do: 'resume', name },
      { do: 'exec', name },
      { do: 'detach', name },
      { do: 'refresh', name },
      { do: 'remove', name, force: pick([true, false]) },
      create,
    ])
  return [create, { do: 'start', name }, ...Array.from({ length: 2 + upTo(8) }, anything)]
}

/** By its own hand at a step, or by another's at some instant after one. */
function death(mostSteps: number, random: () => number): Death {
  const step = 1 + Math.floor(random() * mostSteps)
  if (random() < 0.4) return { order: { atStep: step } }
  return {
    order: { tellAtStep: step },
    afterMicroseconds: Math.floor(random() ** 2 * LONGEST_WAIT_MICROSECONDS),
    withMonitor: random() < 0.15,
  }
}
