import { assign, setup } from 'xstate'
import type {
  BackOff,
  RestartContainerInput,
  RestartContext,
  RestartEvent,
  RestartInput,
  RestartState,
} from './restart-types.ts'
import { notProvided, withinTimer } from './shared.ts'

/** The wait before a restart, in whole milliseconds. `chance` is 0–1. */
function waitBefore(attempt: number, { initialMs, factor, capMs, jitter }: BackOff, chance: number): number {
  // 0 times a power that has grown beyond all numbers would be none.
  if (initialMs === 0) return 0
  const grown = Math.min(withinTimer(capMs), initialMs * factor ** Math.max(0, attempt - 1))
  return Math.ceil(grown * (1 - jitter * chance))
}

/** Whether the policy wants no other run after this one. */
function endsForGood({ policy, ended }: RestartContext): boolean {
  if (policy.name === 'no' || ended?.cause === 'checkpointed') return true
  return policy.name === 'on-failure' && ended?.code === 0
}

const isExhausted = ({ policy, restarts }: RestartContext): boolean =>
  policy.name === 'on-failure' && (policy.maxRetries ?? 0) > 0 && restarts >= (policy.maxRetries ?? 0)

const wasKnown =
  (...states: RestartState[]) =>
  ({ context }: { context: RestartContext }): boolean =>
    context.known !== undefined && states.includes(context.known.state)

const { createMachine } = setup({
  types: {
    context: {} as RestartContext,
    events: {} as RestartEvent,
    input: {} as RestartInput,
    meta: {} as { description: string },
  },
  actors: {
    restartContainer: notProvided<void, RestartContainerInput>('restartContainer'),
  },
  delays: {
    backOff: ({ context }) => context.delayMs,
    resetAfter: ({ context }) => withinTimer(context.policy.backoff.resetAfterMs),
  },
  guards: {
    wasRunning: wasKnown('running', 'steady'),
    wasStarting: wasKnown('starting'),
    wasAboutToRestart: wasKnown('backing-off', 'restarting'),
    wasGivenUp: wasKnown('given-up'),
    wasStoppedByUser: wasKnown('stopped-by-user'),
    isStartedAfterAll: ({ context }) =>
      wasKnown('stopped-by-user')({ context }) &&
      context.policy.name === 'always' &&
      context.known?.afterRestart === true,
    isNewRun: ({ context, event }) => 'generation' in event && event.generation > context.generation,
    /** Or of a later one, whose start has been missed. */
    isOfThisRun: ({ context, event }) => 'generation' in event && event.generation >= context.generation,
    isStopByUser: ({ context }) => context.ended?.cause === 'stopped-by-user',
    isForGood: ({ context }) => endsForGood(context),
    isExhausted: ({ context }) => isExhausted(context),
  },
  actions: {
    noteRun: assign(({ event }) => ('generation' in event ? { generation: event.generation } : {})),
    /** A restart tells no number, but what ends from now on is not the run before. */
    noteNextRun: assign(({ context }) => ({ generation: context.generation + 1 })),
    noteEnd: assign(({ event }) =>
      event.type === 'container.exited' ? { ended: { code: event.code, cause: event.cause } } : {},
    ),
    clearFailure: assign({ failure: undefined }),
    countRestart: assign(({ context }) => ({
      attempt: context.attempt + 1,
      restarts: context.restarts + 1,
    })),
    settleWait: assign(({ context }) => ({
      delayMs: waitBefore(context.attempt, context.policy.backoff, context.random()),
    })),
    forgetWaits: assign({ attempt: 0 }),
    forgetRestarts: assign({ attempt: 0, restarts: 0 }),
  },
})

/** Its run has begun, whoever began it. */
const newRun = { guard: 'isNewRun', target: 'running', actions: 'noteRun' } as const
/** An exit of a run that nothing has been heard of: it was over before it could be seen to run. */
const exitOfNewRun = { guard: 'isNewRun', target: 'judging', actions: ['noteRun', 'noteEnd'] } as const
/** What is not judged is known all the same, lest it be taken for the next run. */
const onlyNoted = { guard: 'isNewRun', actions: 'noteRun' } as const
const userStarts = { target: 'starting', actions: 'forgetRestarts' } as const

/** What is taken while a process of the container lives. */
const whileAlive = {
  'container.started': { ...newRun, reenter: true },
  'container.exited': { guard: 'isOfThisRun', target: 'judging', actions: ['noteRun', 'noteEnd'] },
} as const

/**
 * Whether and when one container is started again: it hears of the container's runs and of what the user wishes, and
 * restarts. Pure: its effect is a rejecting stub until `provide` fills it, its waits are delays, and the chance in
 * them is the input's `random`.
 *
 * @example
 * createActor(restartMachine.provide({ actors: { restartContainer } }), {
 *   input: { id: 'c1', policy, random: Math.random },
 * })
 */
export const restartMachine = createMachine({
  id: 'restart',
  context: ({ input }) => ({
    id: input.id,
    policy: input.policy,
    random: input.random,
    generation: input.known?.generation ?? 0,
    attempt: input.known?.attempt ?? 0,
    restarts: input.known?.restarts ?? 0,
    delayMs: 0,
    ended: undefined,
    failure: undefined,
    known: input.known,
  }),
  initial: 'opening',
  on: {
    'stop.asked': '.stopped-by-user',
    'container.removed': '.removed',
  },
  states: {
    opening: {
      meta: { description: 'what the store knew leads to where the policy is; it does not rest here' },
      always: [
        // What became of that run in the meantime is told like any other start or exit.
        { guard: 'wasRunning', target: 'running' },
        { guard: 'wasStarting', target: 'starting' },
        // The timer is lost, and nobody knows how far the restart had come.
        { guard: 'wasAboutToRestart', target: 'backing-off' },
        { guard: 'wasGivenUp', target: 'given-up' },
        { guard: 'isStartedAfterAll', target: 'restarting', actions: 'forgetRestarts' },
        { guard: 'wasStoppedByUser', target: 'stopped-by-user' },
        { target: 'idle' },
      ],
    },

    idle: {
      meta: { description: 'never started, or ended in a way that the policy is content with' },
      on: {
        'start.asked': userStarts,
        'container.started': newRun,
        'container.exited': onlyNoted,
      },
    },

    starting: {
      meta: { description: 'the user has asked for a start, and its run is awaited' },
      entry: 'clearFailure',
      on: {
        'container.started': newRun,
        'container.exited': exitOfNewRun,
      },
    },

    running: {
      meta: { description: 'it runs, and has not yet lasted' },
      entry: 'clearFailure',
      on: whileAlive,
      after: { resetAfter: { target: 'steady' } },
    },

    steady: {
      meta: { description: 'it has run for so long that the next wait is the first one again' },
      entry: 'forgetWaits',
      on: whileAlive,
    },

    judging: {
      meta: { description: 'the policy decides on a run that has ended; it does not rest here' },
      always: [
        { guard: 'isStopByUser', target: 'stopped-by-user' },
        { guard: 'isForGood', target: 'idle' },
        { guard: 'isExhausted', target: 'given-up' },
        { target: 'backing-off', actions: 'countRestart' },
      ],
    },

    'backing-off': {
      meta: { description: 'the next restart is put off for a while' },
      entry: 'settleWait',
      on: {
        'start.asked': userStarts,
        'container.started': newRun,
        // Most likely what the failed restart has left behind, and that is counted.
        'container.exited': onlyNoted,
      },
      after: { backOff: { target: 'restarting' } },
    },

    restarting: {
      meta: { description: 'it is being started again' },
      invoke: {
        src: 'restartContainer',
        input: ({ context }): RestartContainerInput => ({
          id: context.id,
          generation: context.generation,
          attempt: context.attempt,
        }),
        onDone: { target: 'running', actions: 'noteNextRun' },
        // Judged as the run before was: one that was worth a restart.
        onError: { target: 'judging', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: {
        'start.asked': userStarts,
        'container.started': newRun,
        'container.exited': exitOfNewRun,
      },
    },

    'given-up': {
      meta: { description: 'it has failed as often as its policy allows' },
      on: {
        'start.asked': userStarts,
        'container.started': newRun,
        'container.exited': onlyNoted,
      },
    },

    'stopped-by-user': {
      meta: {
        description: 'the user wants it stopped: whatever becomes of its run, it is not started again',
      },
      on: {
        'start.asked': userStarts,
        'container.started': onlyNoted,
        'container.exited': onlyNoted,
      },
    },

    removed: {
      type: 'final',
      meta: { description: 'there is nothing to start any more' },
    },
  },
})
