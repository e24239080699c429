import { assign, setup, spawnChild, stopChild } from 'xstate'
import type {
  Checkpointed,
  CheckpointInput,
  ContainerContext,
  ContainerEvent,
  ContainerInput,
  CreatedFacts,
  Exit,
  ExitEvidence,
  ImageRequest,
  Reconciled,
  ReconcileInput,
  RestoreInput,
  RunInput,
  SignalInput,
  StopRequest,
} from './container-types.ts'
import { notProvided } from './shared.ts'

/** How long SIGKILL may take before the container is in doubt; the seed's killContainerTimeout. */
const KILL_TIMEOUT_MS = 5_000
/** How long a container stays in doubt before the world is asked again. */
const RECONCILE_RETRY_MS = 2_000
const SIGKILL = 9

/** The `failure` of a container that outlived SIGKILL. */
export const OUTLIVED_KILL = 'outlived SIGKILL'

/** The `failure` of a checkpoint that was cut short, its monitor being lost. */
export const LOST_MONITOR = 'lost its monitor'

/** A witness that knows the cause is believed; after it the kernel, then whoever asked, then the code itself. */
const concludeExit = (evidence: ExitEvidence, context: ContainerContext): Exit => ({
  ...evidence,
  cause: evidence.cause ?? causeOf(evidence, context),
})

const causeOf = (evidence: ExitEvidence, context: ContainerContext): Exit['cause'] => {
  if (evidence.oomKilled) return 'oom'
  if (context.stop !== undefined || context.removeAsked) return 'stopped-by-user'
  return evidence.code > 128 ? 'signalled' : 'exited'
}

const processOf = ({ process, monitor }: Pick<ContainerContext, 'process' | 'monitor'>) => ({
  process,
  monitor,
})

/** What was found takes the place of what was known. */
const adopt = (output: Reconciled, context: ContainerContext): Partial<ContainerContext> => {
  switch (output.found) {
    case 'created':
    case 'running':
    case 'paused':
      return { ...processOf(output), known: undefined }
    case 'ended':
      return {
        exit: output.evidence ? concludeExit(output.evidence, context) : context.exit,
        monitor: output.evidence?.cause === 'monitor-lost' ? undefined : context.monitor,
        known: undefined,
      }
    case 'removing':
      return { removeAsked: true, known: undefined }
    case 'absent':
      return {
        process: undefined,
        monitor: undefined,
        stop: undefined,
        startAsked: false,
        failure: output.failure,
        known: undefined,
      }
  }
}

const requestOf = ({ signal, graceMs, next = [] }: StopRequest): StopRequest =>
  next.length === 0 ? { signal, graceMs } : { signal, graceMs, next }

const nextStage = (stop: StopRequest | undefined): StopRequest | undefined => {
  const [stage, ...next] = stop?.next ?? []
  return stage === undefined ? stop : requestOf({ ...stage, next })
}

const run = ({ context }: { context: ContainerContext }): RunInput => ({
  id: context.id,
  generation: context.generation,
})

/** What a checkpoint or a restore was asked with; nothing else leads to their states. */
const imageOf = (event: ContainerEvent | SignalIsDelivered): ImageRequest => {
  if (event.type !== 'checkpoint' && event.type !== 'restore') return { imagePath: '', tcpEstablished: false }
  return { imagePath: event.imagePath, tcpEstablished: event.tcpEstablished }
}

/** What an effect that is done gave: XState does not type it for a guard that has a name. */
const outputOf = (event: object): unknown => ('output' in event ? event.output : undefined)

const wasLeftRunning = (event: object): boolean =>
  (outputOf(event) as Checkpointed | undefined)?.leftRunning === true

const found =
  (what: Reconciled['found']) =>
  ({ event }: { event: object }): boolean =>
    (outputOf(event) as Reconciled | undefined)?.found === what

/** XState's own, at the end of an actor that `kill` spawned; `kill` stands for its number. */
interface SignalIsDelivered {
  type: 'xstate.done.actor.kill'
}

const { createMachine } = setup({
  types: {
    context: {} as ContainerContext,
    events: {} as ContainerEvent | SignalIsDelivered,
    input: {} as ContainerInput,
    tags: {} as 'alive' | 'settled',
    meta: {} as { description: string },
  },
  actors: {
    createContainer: notProvided<CreatedFacts, RunInput>('createContainer'),
    startContainer: notProvided<void, RunInput>('startContainer'),
    signalContainer: notProvided<void, SignalInput>('signalContainer'),
    pauseContainer: notProvided<void, RunInput>('pauseContainer'),
    resumeContainer: notProvided<void, RunInput>('resumeContainer'),
    checkpointContainer: notProvided<Checkpointed, CheckpointInput>('checkpointContainer'),
    restoreContainer: notProvided<CreatedFacts, RestoreInput>('restoreContainer'),
    recordExit: notProvided<void, RunInput>('recordExit'),
    cleanUp: notProvided<void, RunInput>('cleanUp'),
    removeContainer: notProvided<void, RunInput>('removeContainer'),
    reconcile: notProvided<Reconciled, ReconcileInput>('reconcile'),
  },
  delays: {
    stopGrace: ({ context }) => context.stop?.graceMs ?? 0,
    killTimeout: KILL_TIMEOUT_MS,
    reconcileRetry: RECONCILE_RETRY_MS,
  },
  guards: {
    wasExited: ({ context }) => context.known?.state === 'exited',
    wasBegun: ({ context }) => context.known !== undefined && context.known.state !== 'configured',
    isThisRun: ({ context, event }) => 'generation' in event && event.generation === context.generation,
    isKept: ({ context, event }) =>
      event.type === 'monitor.lost' && event.kept && event.generation === context.generation,
    isForced: ({ event }) => event.type === 'remove' && event.force,
    isAtOnce: ({ context }) => context.stop?.graceMs === 0,
    asksAtOnce: ({ event }) => event.type === 'stop' && event.graceMs === 0,
    hasNextStage: ({ context }) => (context.stop?.next ?? []).length > 0,
    stopWasAsked: ({ context }) => context.stop !== undefined,
    startWasAsked: ({ context }) => context.startAsked,
    removeWasAsked: ({ context }) => context.removeAsked,
    hasExit: ({ context }) => context.exit !== undefined,
    wasLeftRunning: ({ event }) => wasLeftRunning(event),
    hasExitThoughLeftRunning: ({ context, event }) => context.exit !== undefined && wasLeftRunning(event),
    foundCreated: found('created'),
    foundRunning: found('running'),
    foundPaused: found('paused'),
    foundEnded: found('ended'),
    foundRemoving: found('removing'),
    /** Without it the container stays in `stopped` until `cleanup` is asked for. */
    cleansUpByItself: () => true,
  },
  actions: {
    beginRun: assign(({ context }) => ({
      generation: context.generation + 1,
      process: undefined,
      monitor: undefined,
      exit: undefined,
      stop: undefined,
      failure: undefined,
      known: undefined,
    })),
    endRun: assign({ process: undefined, monitor: undefined, stop: undefined, known: undefined }),
    askStart: assign({ startAsked: true, failure: undefined }),
    startIsDone: assign({ startAsked: false }),
    askStop: assign(({ context, event }) =>
      event.type === 'stop' ? { stop: requestOf(event), startAsked: false, failure: undefined } : context,
    ),
    beginNextStage: assign(({ context }) => ({ stop: nextStage(context.stop) })),
    /** A stop is under way already: whoever asks again waits for the same exit. */
    joinStop: assign({ startAsked: false }),
    stopIsDone: assign({ stop: undefined }),
    askRemove: assign({ removeAsked: true, startAsked: false, failure: undefined }),
    keepExit: assign(({ context, event }) =>
      event.type === 'exit.observed' ? { exit: concludeExit(event.evidence, context) } : {},
    ),
    exitIsCheckpoint: assign(({ context }) => ({
      exit: context.exit && { ...context.exit, cause: 'checkpointed' as const },
    })),
    clearFailure: assign({ failure: undefined }),
    failBecauseAlive: assign({ failure: OUTLIVED_KILL }),
    loseMonitor: assign({ monitor: undefined }),
    failWithoutMonitor: assign({ failure: LOST_MONITOR }),
    /** A second witness of an exit that is known. */
    alreadyKnown: () => {},
    sendSignal: spawnChild('signalContainer', {
      id: ({ event }) => `kill-${event.type === 'kill' ? event.request : ''}`,
      input: ({ context, event }): SignalInput => ({
        ...run({ context }),
        signal: event.type === 'kill' ? event.signal : SIGKILL,
        all: false,
        request: event.type === 'kill' ? event.request : undefined,
      }),
    }),
    forgetSignal: stopChild(({ event }) => event.type.replace('xstate.done.actor.', '')),
  },
})

/** An exit of this run may come wherever its process could have lived. */
const exitEndsRun = {
  guard: 'isThisRun',
  target: '#container.stopped',
  actions: 'keepExit',
} as const

/** conmon is gone and left no exit file. */
const keptWithoutMonitor = { guard: 'isKept', actions: 'loseMonitor' } as const
const doubtWithoutMonitor = [
  keptWithoutMonitor,
  // Only the world can tell what has become of the container.
  { guard: 'isThisRun', target: '#container.reconciling', actions: 'loseMonitor' },
] as const

/** A command in flight is let finish; the container then ends in its next stable state. */
const laterStop = { actions: 'askStop' } as const
const laterRemoval = { guard: 'isForced', actions: 'askRemove' } as const

/** What is taken while the runtime is at work on a process. */
const whileInFlight = {
  stop: laterStop,
  kill: { actions: 'sendSignal' },
  remove: laterRemoval,
  'exit.observed': exitEndsRun,
  'monitor.lost': doubtWithoutMonitor,
} as const

/** What was asked for meanwhile is done as soon as the container rests. */
const endIfAsked = [
  { guard: 'removeWasAsked', target: '#container.stopping.killing' },
  { guard: 'stopWasAsked', target: '#container.stopping' },
] as const

/**
 * One container's life. Pure: its effects are rejecting stubs until `provide` fills them, and it knows no
 * clock but its delays.
 *
 * @example
 * createActor(containerMachine.provide({ actors: { createContainer, startContainer } }), { input: { id: 'c1' } })
 */
export const containerMachine = createMachine({
  id: 'container',
  context: ({ input }) => ({
    id: input.id,
    generation: input.known?.generation ?? 0,
    process: input.known?.process,
    monitor: input.known?.monitor,
    exit: input.known?.exit,
    stop: input.known?.stop,
    startAsked: false,
    removeAsked: false,
    failure: undefined,
    known: input.known,
  }),
  initial: 'configured',
  // XState keeps a spawned child that is done until it is stopped.
  on: { 'xstate.done.actor.*': { actions: 'forgetSignal' } },
  states: {
    configured: {
      tags: 'settled',
      meta: { description: 'known to the engine, nothing in the runtime' },
      always: [
        // A row that says exited was committed after the runtime had let go: there is nothing to ask.
        { guard: 'wasExited', target: 'exited', actions: 'endRun' },
        { guard: 'wasBegun', target: 'reconciling' },
        { guard: 'removeWasAsked', target: 'removing' },
      ],
      on: {
        create: { target: 'creating', actions: 'beginRun' },
        start: { target: 'creating', actions: ['beginRun', 'askStart'] },
        restore: { target: 'restoring', actions: 'beginRun' },
        remove: { target: 'removing', actions: 'askRemove' },
      },
    },

    creating: {
      tags: 'alive',
      meta: { description: 'conmon is spawned, it runs the runtime’s create' },
      invoke: {
        src: 'createContainer',
        input: run,
        onDone: [
          {
            guard: 'hasExit',
            target: 'stopped',
            actions: assign(({ event }) => processOf(event.output)),
          },
          {
            target: 'created',
            actions: assign(({ event }) => processOf(event.output)),
          },
        ],
        onError: {
          target: 'configured',
          actions: [
            'endRun',
            'startIsDone',
            assign(({ event }) => ({ exit: undefined, failure: event.error })),
          ],
        },
      },
      on: {
        stop: laterStop,
        remove: laterRemoval,
        // The pid has not been reported yet: the exit waits for it.
        'exit.observed': { guard: 'isThisRun', actions: 'keepExit' },
      },
    },

    created: {
      tags: ['alive', 'settled'],
      meta: { description: 'the first process waits to be started' },
      always: [
        { guard: 'removeWasAsked', target: 'stopping.killing' },
        // What waits here is the runtime's own init, which need not obey the container's stop signal.
        { guard: 'stopWasAsked', target: 'stopping.killing' },
        { guard: 'startWasAsked', target: 'starting' },
      ],
      on: {
        start: { target: 'starting', actions: 'clearFailure' },
        refresh: { target: 'reconciling', actions: 'clearFailure' },
        stop: { target: 'stopping.killing', actions: 'askStop' },
        kill: { actions: 'sendSignal' },
        remove: { target: 'stopping.killing', actions: 'askRemove' },
        'exit.observed': exitEndsRun,
        'monitor.lost': doubtWithoutMonitor,
      },
    },

    starting: {
      tags: 'alive',
      meta: { description: 'the runtime’s start runs; an exit may come first' },
      entry: 'startIsDone',
      invoke: {
        src: 'startContainer',
        input: run,
        onDone: { target: 'running' },
        // A runtime that was killed, or failed late, may have started it all the same.
        onError: { target: 'reconciling', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: whileInFlight,
    },

    running: {
      tags: ['alive', 'settled'],
      meta: { description: 'the process runs' },
      always: endIfAsked,
      on: {
        stop: { target: 'stopping', actions: 'askStop' },
        kill: { actions: 'sendSignal' },
        pause: { target: 'pausing', actions: 'clearFailure' },
        refresh: { target: 'reconciling', actions: 'clearFailure' },
        checkpoint: { target: 'checkpointing', actions: 'clearFailure' },
        remove: { guard: 'isForced', target: 'stopping.killing', actions: 'askRemove' },
        'exit.observed': exitEndsRun,
        'monitor.lost': doubtWithoutMonitor,
      },
    },

    pausing: {
      tags: 'alive',
      meta: { description: 'the freezer is closing' },
      invoke: {
        src: 'pauseContainer',
        input: run,
        onDone: { target: 'paused' },
        onError: { target: 'reconciling', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: whileInFlight,
    },

    paused: {
      tags: ['alive', 'settled'],
      meta: { description: 'every process is frozen' },
      always: [
        { guard: 'removeWasAsked', target: 'stopping.killing' },
        { guard: 'stopWasAsked', target: 'stopping.thawing' },
      ],
      on: {
        resume: { target: 'resuming', actions: 'clearFailure' },
        refresh: { target: 'reconciling', actions: 'clearFailure' },
        stop: { target: 'stopping.thawing', actions: 'askStop' },
        kill: { actions: 'sendSignal' },
        remove: { guard: 'isForced', target: 'stopping.killing', actions: 'askRemove' },
        'exit.observed': exitEndsRun,
        'monitor.lost': doubtWithoutMonitor,
      },
    },

    resuming: {
      tags: 'alive',
      meta: { description: 'the freezer is opening' },
      invoke: {
        src: 'resumeContainer',
        input: run,
        onDone: { target: 'running' },
        onError: { target: 'reconciling', actions: assign(({ event }) => ({ failure: event.error })) },
      },
      on: whileInFlight,
    },

    stopping: {
      tags: 'alive',
      meta: { description: 'signalled, then killed' },
      initial: 'signalling',
      on: {
        stop: [{ guard: 'asksAtOnce', target: '.killing', actions: 'joinStop' }, { actions: 'joinStop' }],
        kill: { actions: 'sendSignal' },
        remove: { guard: 'isForced', target: '.killing', actions: 'askRemove' },
        'exit.observed': exitEndsRun,
        'monitor.lost': doubtWithoutMonitor,
      },
      states: {
        thawing: {
          meta: { description: 'a frozen process takes no signal, so it is resumed first' },
          always: { guard: 'isAtOnce', target: 'killing' },
          invoke: {
            src: 'resumeContainer',
            input: run,
            onDone: { target: 'signalling' },
            onError: {
              target: '#container.reconciling',
              actions: ['stopIsDone', assign(({ event }) => ({ failure: event.error }))],
            },
          },
        },
        signalling: {
          // It is the process's turn now, for as long as its grace may be.
          tags: 'settled',
          meta: { description: 'the signal of a stage is sent; its grace period runs' },
          always: { guard: 'isAtOnce', target: 'killing' },
          invoke: {
            src: 'signalContainer',
            input: ({ context }): SignalInput => ({
              ...run({ context }),
              signal: context.stop?.signal ?? SIGKILL,
              all: false,
            }),
            onError: {
              target: '#container.reconciling',
              actions: ['stopIsDone', assign(({ event }) => ({ failure: event.error }))],
            },
          },
          after: {
            stopGrace: [
              { guard: 'hasNextStage', target: 'signalling', reenter: true, actions: 'beginNextStage' },
              { target: 'killing' },
            ],
          },
        },
        killing: {
          meta: { description: 'SIGKILL is sent to every process' },
          invoke: {
            src: 'signalContainer',
            input: ({ context }): SignalInput => ({ ...run({ context }), signal: SIGKILL, all: true }),
            onError: {
              target: '#container.reconciling',
              actions: ['stopIsDone', assign(({ event }) => ({ removeAsked: false, failure: event.error }))],
            },
          },
          after: {
            killTimeout: {
              target: '#container.reconciling',
              actions: ['stopIsDone', 'failBecauseAlive', assign({ removeAsked: false })],
            },
          },
        },
      },
    },

    checkpointing: {
      tags: 'alive',
      meta: { description: 'CRIU writes the processes to disk' },
      initial: 'dumping',
      on: {
        stop: laterStop,
        remove: laterRemoval,
        'monitor.lost': doubtWithoutMonitor,
      },
      states: {
        dumping: {
          meta: { description: 'the runtime’s checkpoint runs; the processes stand still' },
          invoke: {
            src: 'checkpointContainer',
            input: ({ context, event }): CheckpointInput => ({
              ...run({ context }),
              ...imageOf(event),
              leaveRunning: event.type === 'checkpoint' && event.leaveRunning,
            }),
            onDone: [
              {
                guard: 'hasExitThoughLeftRunning',
                target: '#container.stopped',
              },
              { guard: 'hasExit', target: '#container.stopped', actions: 'exitIsCheckpoint' },
              { guard: 'wasLeftRunning', target: '#container.running' },
              { target: 'ending' },
            ],
            onError: [
              {
                guard: 'hasExit',
                target: '#container.stopped',
                actions: assign(({ event }) => ({ failure: event.error })),
              },
              {
                target: '#container.reconciling',
                actions: assign(({ event }) => ({ failure: event.error })),
              },
            ],
          },
          on: {
            // Only the checkpoint's own end tells whether this exit is its doing.
            'exit.observed': { guard: 'isThisRun', actions: 'keepExit' },
            'monitor.lost': [
              keptWithoutMonitor,
              {
                guard: 'isThisRun',
                target: '#container.reconciling',
                actions: ['loseMonitor', 'failWithoutMonitor'],
              },
            ],
          },
        },
        ending: {
          meta: { description: 'the image is complete; the exit of its processes is on the way' },
          on: {
            'exit.observed': {
              guard: 'isThisRun',
              target: '#container.stopped',
              actions: ['keepExit', 'exitIsCheckpoint'],
            },
          },
          after: { killTimeout: '#container.reconciling' },
        },
      },
    },

    restoring: {
      tags: 'alive',
      meta: { description: 'CRIU brings the processes back under a new conmon' },
      invoke: {
        src: 'restoreContainer',
        input: ({ context, event }): RestoreInput => ({ ...run({ context }), ...imageOf(event) }),
        onDone: [
          {
            guard: 'hasExit',
            target: 'stopped',
            actions: assign(({ event }) => processOf(event.output)),
          },
          {
            target: 'running',
            actions: assign(({ event }) => processOf(event.output)),
          },
        ],
        onError: {
          target: 'configured',
          actions: ['endRun', assign(({ event }) => ({ exit: undefined, failure: event.error }))],
        },
      },
      on: {
        stop: laterStop,
        remove: laterRemoval,
        'exit.observed': { guard: 'isThisRun', actions: 'keepExit' },
      },
    },

    stopped: {
      meta: { description: 'exited; the exit code is known; the runtime still holds the container' },
      entry: 'stopIsDone',
      initial: 'recording',
      on: {
        start: { target: '#container.cleaning', actions: 'askStart' },
        stop: { actions: 'joinStop' },
        remove: { target: '#container.cleaning', actions: 'askRemove' },
        'exit.observed': { guard: 'isThisRun', actions: 'alreadyKnown' },
        // After the exit conmon has nothing left to do.
        'monitor.lost': { guard: 'isThisRun', actions: 'alreadyKnown' },
      },
      states: {
        recording: {
          meta: { description: 'the exit is committed, then its file removed' },
          invoke: {
            src: 'recordExit',
            input: run,
            onDone: [{ guard: 'cleansUpByItself', target: '#container.cleaning' }, { target: 'held' }],
            onError: { target: 'held', actions: assign(({ event }) => ({ failure: event.error })) },
          },
          on: {
            // The exit is evidence until it is committed: what is asked for now waits that long.
            start: { actions: 'askStart' },
            remove: { actions: 'askRemove' },
          },
        },
        held: {
          tags: 'settled',
          meta: { description: 'waits to be cleaned up' },
          always: [
            { guard: 'removeWasAsked', target: '#container.cleaning' },
            { guard: 'startWasAsked', target: '#container.cleaning' },
          ],
          on: { cleanup: { target: '#container.cleaning', actions: 'clearFailure' } },
        },
      },
    },

    cleaning: {
      meta: { description: 'the runtime lets go of the container' },
      invoke: {
        src: 'cleanUp',
        input: run,
        onDone: { target: 'exited', actions: 'endRun' },
        onError: {
          target: 'stopped.held',
          actions: assign(({ event }) => ({ startAsked: false, removeAsked: false, failure: event.error })),
        },
      },
      on: {
        start: { actions: 'askStart' },
        stop: { actions: 'joinStop' },
        remove: { actions: 'askRemove' },
        'exit.observed': { guard: 'isThisRun', actions: 'alreadyKnown' },
        // After the exit conmon has nothing left to do.
        'monitor.lost': { guard: 'isThisRun', actions: 'alreadyKnown' },
      },
    },

    exited: {
      tags: 'settled',
      meta: { description: 'out of the runtime; exit code, logs and bundle kept' },
      always: [
        { guard: 'removeWasAsked', target: 'removing' },
        { guard: 'startWasAsked', target: 'creating', actions: 'beginRun' },
      ],
      on: {
        create: { target: 'creating', actions: 'beginRun' },
        start: { target: 'creating', actions: ['beginRun', 'askStart'] },
        stop: { actions: 'joinStop' },
        restore: { target: 'restoring', actions: 'beginRun' },
        remove: { target: 'removing', actions: 'askRemove' },
      },
    },

    removing: {
      meta: { description: 'its directories and its row are going' },
      invoke: {
        src: 'removeContainer',
        input: run,
        onDone: { target: 'removed' },
        onError: [
          {
            guard: 'hasExit',
            target: 'exited',
            actions: assign(({ event }) => ({ removeAsked: false, failure: event.error })),
          },
          {
            target: 'configured',
            actions: assign(({ event }) => ({ removeAsked: false, failure: event.error })),
          },
        ],
      },
      on: {
        // Whoever asks again waits for the same removal.
        remove: { actions: 'askRemove' },
      },
    },

    removed: {
      type: 'final',
      meta: { description: 'gone; the exit record outlives it for a while' },
    },

    reconciling: {
      tags: 'alive',
      meta: { description: 'in doubt: the world is asked, and the container goes to what is true' },
      initial: 'asking',
      on: {
        stop: laterStop,
        remove: laterRemoval,
        'exit.observed': exitEndsRun,
      },
      states: {
        asking: {
          meta: { description: 'the runtime, the process table and the exits directory are asked' },
          invoke: {
            src: 'reconcile',
            input: ({ context }): ReconcileInput => ({
              ...run({ context }),
              known: context.known,
              process: context.process,
              monitor: context.monitor,
            }),
            onDone: [
              {
                guard: 'foundCreated',
                target: '#container.created',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
              {
                guard: 'foundRunning',
                target: '#container.running',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
              {
                guard: 'foundPaused',
                target: '#container.paused',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
              {
                guard: 'foundEnded',
                target: '#container.stopped',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
              {
                guard: 'foundRemoving',
                target: '#container.removing',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
              {
                target: '#container.configured',
                actions: assign(({ context, event }) => adopt(event.output, context)),
              },
            ],
            onError: { target: 'waiting', actions: assign(({ event }) => ({ failure: event.error })) },
          },
        },
        waiting: {
          meta: { description: 'the world gave no answer; it is asked again' },
          after: { reconcileRetry: { target: 'asking' } },
        },
      },
    },
  },
})
