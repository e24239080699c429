/** The top-level states of the container chart, as libpod names the stable ones. */
export const CONTAINER_STATES = [
  'configured',
  'creating',
  'created',
  'starting',
  'running',
  'pausing',
  'paused',
  'resuming',
  'stopping',
  'checkpointing',
  'restoring',
  'stopped',
  'cleaning',
  'exited',
  'removing',
  'removed',
  'reconciling',
] as const

/** One of {@link CONTAINER_STATES}. */
export type ContainerState = (typeof CONTAINER_STATES)[number]

/**
 * Which states take which command, as the container chart has it: for a user interface that offers only what can be
 * done, and for the types of handles. A command that is refused throws IllegalTransitionError and changes nothing.
 */
export const TAKES = {
  create: ['configured', 'exited'],
  start: ['configured', 'created', 'stopped', 'cleaning', 'exited'],
  stop: [
    ...['creating', 'created', 'starting', 'running', 'pausing', 'paused', 'resuming', 'stopping'],
    ...['checkpointing', 'restoring', 'stopped', 'cleaning', 'exited', 'reconciling'],
  ],
  kill: ['created', 'starting', 'running', 'pausing', 'paused', 'resuming', 'stopping'],
  pause: ['running'],
  resume: ['paused'],
  checkpoint: ['running'],
  restore: ['configured', 'exited'],
  exec: ['running'],
} as const satisfies Record<string, readonly ContainerState[]>

/** A command of {@link TAKES}. */
export type Command = keyof typeof TAKES

/** What `this` has to be for a command: anything, unless it is known to be in states that all refuse it. */
export type Takes<Asked extends Command, State extends ContainerState> = [
  Extract<State, (typeof TAKES)[Asked][number]>,
] extends [never]
  ? Refused<Asked, State>
  : unknown

/** Nothing is one: the compiler names it where a call cannot be right. */
export interface Refused<Asked extends Command, State extends ContainerState> {
  readonly thisStateRefusesThisCommand: [State, Asked]
}
