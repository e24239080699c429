import { assign, setup, spawnChild, stopChild } from 'xstate'
import type {
  ExecContext,
  ExecEvent,
  ExecExit,
  ExecInput,
  ExecRunInput,
  ExecSignalInput,
  FoundSession,
  StartedSession,
} from './exec-types.ts'
import { notProvided } from './shared.ts'

/** How long SIGKILL may take before a session is given back as running; the seed's killContainerTimeout. */
const KILL_TIMEOUT_MS = 5_000
const SIGKILL = 9

/** The `failure` of a session that outlived SIGKILL. */
export const EXEC_OUTLIVED_KILL = 'outlived SIGKILL'

const concludeExit = (code: number, { stop }: ExecContext): ExecExit => {
  if (code < 0) return { code, cause: 'monitor-lost' }
  if (stop !== undefined) return { code, cause: 'stopped' }
  return { code, cause: code > 128 ? 'signalled' : 'exited' }
}

const run = ({ context }: { context: ExecContext }): ExecRunInput => ({
  id: context.id,
  containerId: context.containerId,
  process: context.process,
})

const found =
  (what: FoundSession['found']) =>
  ({ event }: { event: object }): boolean =>
    'output' in event && (event.output as FoundSession).found === what

/** XState's own, at the end of an actor that `kill` spawned; `kill` stands for its number. */
interface SignalIsDelivered {
  type: 'xstate.done.actor.kill'
}

const { createMachine } = setup({
  types: {
    context: {} as ExecContext,
    events: {} as ExecEvent | SignalIsDelivered,
    input: {} as ExecInput,
    tags: {} as 'live',
    meta: {} as { description: string },
  },
  actors: {
    startSession: notProvided<StartedSession, ExecRunInput>('startSession'),
    signalSession: notProvided<void, ExecSignalInput>('signalSession'),
    findSession: notProvided<FoundSession, ExecRunInput>('findSession'),
  },
  delays: {
    stopGrace: ({ context }) => context.stop?.graceMs ?? 0,
    killTimeout: KILL_TIMEOUT_MS,
  },
  guards: {
    isKnown: ({ context }) => context.isKnown,
    hasExit: ({ context }) => context.exit !== undefined,
    isAtOnce: ({ context }) => context.stop?.graceMs === 0,
    asksAtOnce: ({ event }) => event.type === 'stop' && event.graceMs === 0,
    stopWasAsked: ({ context }) => context.stop !== undefined,
    foundEnded: found('ended'),
    foundUnwatched: found('unwatched'),
  },
  actions: {
    askStop: assign(({ event }) =>
      event.type === 'stop'
        ? { stop: { signal: event.signal, graceMs: event.graceMs }, failure: undefined }
        : {},
    ),
    /** A stop is under way already: whoever asks again waits for the same exit. */
    joinStop: () => {},
    stopIsDone: assign({ stop: undefined }),
    keepExit: assign(({ context, event }) =>
      event.type === 'exit.observed' ? { exit: concludeExit(event.code, context) } : {},
    ),
    loseExit: assign({ exit: { code: -1, cause: 'monitor-lost' } }),
    failBecauseAlive: assign({ failure: EXEC_OUTLIVED_KILL }),
    sendSignal: spawnChild('signalSession', {
      id: ({ event }) => `kill-${event.type === 'kill' ? event.request : ''}`,
      input: ({ context, event }): ExecSignalInput => ({
        ...run({ context }),
        signal: event.type === 'kill' ? event.signal : SIGKILL,
        request: event.type === 'kill' ? event.request : undefined,
      }),
    }),
    forgetSignal: stopChild(({ event }) => event.type.replace('xstate.done.actor.', '')),
  },
})

const exitEndsSession = { target: '#exec.exited', actions: 'keepExit' } as const
/** Nobody would ever tell its exit. */
const endUnwatched = { target: '#exec.abandoning' } as const

/**
 * One command run in a container that runs already. Pure, like the container's chart.
 *
 * @example
 * createActor(execMachine.provide({ actors: { startSession, signalSession } }), { input: { id: 's1', containerId: 'c1' } })
 */
export const execMachine = createMachine({
  id: 'exec',
  context: ({ input }) => ({
    id: input.id,
    containerId: input.containerId,
    isKnown: input.known !== undefined,
    process: input.known?.process,
    stop: undefined,
    exit: undefined,
    failure: undefined,
  }),
  initial: 'configured',
  // XState keeps a spawned child that is done until it is stopped.
  on: { 'xstate.done.actor.*': { actions: 'forgetSignal' } },
  states: {
    configured: {
      meta: { description: 'its command has been settled, nothing has been run' },
      always: { guard: 'isKnown', target: 'reconciling' },
      on: { start: { target: 'starting' } },
    },

    starting: {
      tags: 'live',
      meta: { description: 'the runtime’s exec runs; an exit may come first' },
      invoke: {
        src: 'startSession',
        input: run,
        onDone: [
          {
            guard: 'hasExit',
            target: 'exited',
            actions: assign(({ event }) => ({ process: event.output.process })),
          },
          { target: 'running', actions: assign(({ event }) => ({ process: event.output.process })) },
        ],
        onError: { target: 'failed', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: {
        // A start in flight is let finish: only then is there a process to be signalled.
        stop: { actions: 'askStop' },
        'exit.observed': { actions: 'keepExit' },
      },
    },

    running: {
      tags: 'live',
      meta: { description: 'the process runs' },
      always: { guard: 'stopWasAsked', target: 'stopping' },
      on: {
        stop: { target: 'stopping', actions: 'askStop' },
        kill: { actions: 'sendSignal' },
        'exit.observed': exitEndsSession,
        'monitor.lost': endUnwatched,
      },
    },

    stopping: {
      tags: 'live',
      meta: { description: 'signalled, then killed' },
      initial: 'signalling',
      on: {
        stop: [{ guard: 'asksAtOnce', target: '.killing', actions: 'joinStop' }, { actions: 'joinStop' }],
        kill: { actions: 'sendSignal' },
        'exit.observed': exitEndsSession,
        'monitor.lost': endUnwatched,
      },
      states: {
        signalling: {
          meta: { description: 'the signal is sent; the grace period runs' },
          always: { guard: 'isAtOnce', target: 'killing' },
          invoke: {
            src: 'signalSession',
            input: ({ context }): ExecSignalInput => ({
              ...run({ context }),
              signal: context.stop?.signal ?? SIGKILL,
            }),
            onError: {
              target: '#exec.running',
              actions: ['stopIsDone', assign(({ event }) => ({ failure: event.error }))],
            },
          },
          after: { stopGrace: { target: 'killing' } },
        },
        killing: {
          meta: { description: 'SIGKILL is sent to its process group' },
          invoke: {
            src: 'signalSession',
            input: ({ context }): ExecSignalInput => ({ ...run({ context }), signal: SIGKILL }),
            onError: {
              target: '#exec.running',
              actions: ['stopIsDone', assign(({ event }) => ({ failure: event.error }))],
            },
          },
          after: {
            killTimeout: { target: '#exec.running', actions: ['stopIsDone', 'failBecauseAlive'] },
          },
        },
      },
    },

    reconciling: {
      tags: 'live',
      meta: { description: 'begun by an earlier engine: the world is asked what has become of it' },
      invoke: {
        src: 'findSession',
        input: run,
        onDone: [
          {
            guard: 'foundEnded',
            target: 'exited',
            actions: assign(({ context, event }) =>
              event.output.found === 'ended' ? { exit: concludeExit(event.output.code, context) } : {},
            ),
          },
          {
            guard: 'foundUnwatched',
            target: 'abandoning',
            actions: assign(({ event }) =>
              event.output.found === 'ended' ? {} : { process: event.output.process },
            ),
          },
          {
            target: 'running',
            actions: assign(({ event }) =>
              event.output.found === 'ended' ? {} : { process: event.output.process },
            ),
          },
        ],
        onError: { target: 'abandoning', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: { stop: { actions: 'askStop' } },
    },

    abandoning: {
      tags: 'live',
      meta: { description: 'nobody would tell its exit, so it is killed' },
      invoke: {
        src: 'signalSession',
        input: ({ context }): ExecSignalInput => ({ ...run({ context }), signal: SIGKILL }),
        onDone: { target: 'exited', actions: 'loseExit' },
        onError: {
          target: 'exited',
          actions: ['loseExit', assign(({ event }) => ({ failure: event.error }))],
        },
      },
      on: { stop: { actions: 'joinStop' } },
    },

    exited: {
      type: 'final',
      meta: { description: 'over; the exit code is known' },
    },

    failed: {
      type: 'final',
      meta: { description: 'the command never ran' },
    },
  },
})
