import type { ContainerState, EngineEvent, StateEvent } from '../../src/types.ts'

/** Midnight of the day on which everything in these tests happens; milliseconds since 1970. */
export const START = Date.parse('2026-03-01T00:00:00Z')

/** That many seconds after midnight, as an event has it. */
const at = (second: number): string => new Date(START + second * 1000).toISOString()

/** A container's events, written by hand: each begins with its second. */
export function eventsOf(name: string) {
  const base = { version: 1 as const, seq: 0, containerId: `id-of-${name}`, name }
  return {
    state: (
      second: number,
      from: ContainerState | null,
      to: ContainerState,
      more: Partial<StateEvent> = {},
    ): EngineEvent => ({ ...base, type: 'state', at: at(second), generation: 1, from, to, ...more }),
    lost: (second: number): EngineEvent => ({ ...base, type: 'monitor.lost', at: at(second), generation: 1 }),
    signal: (second: number): EngineEvent => ({
      ...base,
      type: 'signal',
      at: at(second),
      generation: 1,
      signal: 'SIGTERM',
    }),
  }
}
