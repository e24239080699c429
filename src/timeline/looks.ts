import type { ContainerState } from '../container-states.ts'

/** The kinds of states that are told apart at a glance. */
export type Look = 'waiting' | 'busy' | 'running' | 'paused' | 'over' | 'doubt'

/** Those that are over, or have not begun, are drawn as a thin line: what lives can be told without colours. */
export const LOOKS: Record<Look, { words: string; height: number; states: ContainerState[] }> = {
  running: { words: 'running', height: 20, states: ['running'] },
  paused: { words: 'paused', height: 12, states: ['paused'] },
  busy: {
    words: 'on its way',
    height: 20,
    states: [
      ...(['creating', 'starting', 'pausing', 'resuming', 'stopping', 'checkpointing', 'restoring'] as const),
      ...(['cleaning', 'removing'] as const),
    ],
  },
  doubt: { words: 'in doubt', height: 20, states: ['reconciling'] },
  waiting: { words: 'not started', height: 4, states: ['configured', 'created'] },
  over: { words: 'exited', height: 4, states: ['stopped', 'exited', 'removed'] },
}

/** How a state looks. */
export function lookOf(state: ContainerState): Look {
  const [found] = Object.entries(LOOKS).find(([, { states }]) => states.includes(state)) ?? []
  return (found as Look | undefined) ?? 'busy'
}
