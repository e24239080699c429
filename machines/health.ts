import { assign, setup } from 'xstate'
import type { RunInput } from './container-types.ts'
import {
  DEFAULT_HEALTH_CHECK,
  type HealthCheck,
  type HealthContext,
  type HealthEvent,
  type HealthInput,
  KEPT_PROBE_OUTPUT,
  KEPT_PROBE_RESULTS,
  type Probed,
  type ProbeResult,
} from './health-types.ts'
import { notProvided, withinTimer } from './shared.ts'

const withDefaults = (check: HealthInput['check']): HealthCheck => ({
  intervalMs: check.intervalMs ?? DEFAULT_HEALTH_CHECK.intervalMs,
  timeoutMs: check.timeoutMs ?? DEFAULT_HEALTH_CHECK.timeoutMs,
  startPeriodMs: check.startPeriodMs ?? DEFAULT_HEALTH_CHECK.startPeriodMs,
  retries: check.retries ?? DEFAULT_HEALTH_CHECK.retries,
})

/** 0–255 are a probe's own: this one says that there is none. */
const NO_EXIT_CODE = -1

type Results = Pick<HealthContext, 'results' | 'failingStreak'>

const keep = ({ results }: HealthContext, result: ProbeResult): readonly ProbeResult[] =>
  [...results, { ...result, output: result.output.slice(0, KEPT_PROBE_OUTPUT) }].slice(-KEPT_PROBE_RESULTS)

const passed = (context: HealthContext, probed: Probed): Results => ({
  results: keep(context, { ...probed, timedOut: false }),
  failingStreak: 0,
})

const failed = (context: HealthContext, result: ProbeResult): Results => ({
  results: keep(context, result),
  failingStreak: context.failingStreak + (context.probeCounts ? 1 : 0),
})

const timedOut = ({ check }: HealthContext): ProbeResult => ({
  exitCode: NO_EXIT_CODE,
  output: '',
  durationMs: check.timeoutMs,
  timedOut: true,
})

const notRun = (error: unknown): ProbeResult => ({
  exitCode: NO_EXIT_CODE,
  output: error instanceof Error ? error.message : String(error),
  durationMs: undefined,
  timedOut: false,
})

const run = ({ context }: { context: HealthContext }): RunInput => ({
  id: context.id,
  generation: context.generation,
})

const { createMachine, createStateConfig } = setup({
  types: {
    context: {} as HealthContext,
    events: {} as HealthEvent,
    input: {} as HealthInput,
    meta: {} as { description: string },
  },
  actors: {
    probe: notProvided<Probed, RunInput>('probe'),
  },
  delays: {
    interval: ({ context }) => withinTimer(context.check.intervalMs),
    probeTimeout: ({ context }) => withinTimer(context.check.timeoutMs),
    startPeriod: ({ context }) => withinTimer(context.check.startPeriodMs),
  },
  guards: {
    wasHealthy: ({ context }) => context.known?.state === 'healthy',
    wasUnhealthy: ({ context }) => context.known?.state === 'unhealthy',
    isThisRun: ({ context, event }) => 'generation' in event && event.generation === context.generation,
    hasPassed: ({ event }) => 'output' in event && (event.output as Probed).exitCode === 0,
    /** Whether the probe under way is the last that may fail. */
    isLastRetry: ({ context }) => context.probeCounts && context.failingStreak + 1 >= context.check.retries,
  },
  actions: {
    endStartPeriod: assign({ inStartPeriod: false }),
    settleWhetherItCounts: assign(({ context }) => ({ probeCounts: !context.inStartPeriod })),
    keepTimeout: assign(({ context }) => failed(context, timedOut(context))),
  },
})

const waiting = createStateConfig({
  meta: { description: 'the next probe comes when the interval is over' },
  on: { 'container.paused': 'suspended' },
  after: { interval: 'probing' },
})

const probing = createStateConfig({
  meta: { description: 'the probe runs' },
  entry: 'settleWhetherItCounts',
  invoke: {
    src: 'probe',
    input: run,
    onDone: [
      {
        guard: 'hasPassed',
        target: '#health.healthy',
        actions: assign(({ context, event }) => passed(context, event.output)),
      },
      {
        guard: 'isLastRetry',
        target: '#health.unhealthy',
        actions: assign(({ context, event }) => failed(context, { ...event.output, timedOut: false })),
      },
      {
        target: 'waiting',
        actions: assign(({ context, event }) => failed(context, { ...event.output, timedOut: false })),
      },
    ],
    onError: [
      {
        guard: 'isLastRetry',
        target: '#health.unhealthy',
        actions: assign(({ context, event }) => failed(context, notRun(event.error))),
      },
      { target: 'waiting', actions: assign(({ context, event }) => failed(context, notRun(event.error))) },
    ],
  },
  after: {
    probeTimeout: [
      { guard: 'isLastRetry', target: '#health.unhealthy', actions: 'keepTimeout' },
      { target: 'waiting', actions: 'keepTimeout' },
    ],
  },
  // What a frozen or dying container makes of its probe says nothing of its health.
  on: { 'container.paused': 'suspended' },
})

const suspended = createStateConfig({
  meta: { description: 'no probe can be run; the interval begins anew when one can' },
  on: { 'container.resumed': 'waiting' },
})

const phases = { initial: 'waiting', states: { waiting, probing, suspended } } as const

/**
 * The health of one run of a container. Pure: its effect is a rejecting stub until `provide` fills it, and it knows
 * no clock but its delays. Leaving `probing` aborts the probe's signal.
 *
 * @example
 * createActor(healthMachine.provide({ actors: { probe } }), {
 *   input: { id: 'c1', generation: 1, check: { intervalMs: 5_000 } },
 * })
 */
export const healthMachine = createMachine({
  id: 'health',
  context: ({ input: { id, generation, check, known } }) => ({
    id,
    generation,
    check: withDefaults(check),
    inStartPeriod: true,
    probeCounts: false,
    failingStreak: known?.failingStreak ?? 0,
    results: known?.results ?? [],
    known,
  }),
  initial: 'opening',
  on: { 'container.exited': { guard: 'isThisRun', target: '.ended' } },
  states: {
    opening: {
      meta: { description: 'what the store knew is where it goes on; it does not rest here' },
      always: [
        { guard: 'wasHealthy', target: 'healthy' },
        { guard: 'wasUnhealthy', target: 'unhealthy' },
        { target: 'starting' },
      ],
    },

    starting: {
      ...phases,
      meta: { description: 'no probe has passed yet, nor have enough failed' },
      after: { startPeriod: { actions: 'endStartPeriod' } },
    },

    healthy: {
      ...phases,
      meta: { description: 'the last probes have not all failed' },
      entry: 'endStartPeriod',
    },

    unhealthy: {
      ...phases,
      meta: { description: 'as many probes in a row have failed as may' },
      entry: 'endStartPeriod',
    },

    ended: {
      type: 'final',
      meta: { description: 'the run is over' },
    },
  },
})
