const LED_THERE = 'what was asked for is remembered, and the state leads there by itself in the same step'
const NEVER_READ = 'only a checkpoint and a restore lead to who would read it'
const IS_STOPPING = 'whoever reads it is in a stop, which is known'
const SETTLED_BEFORE = 'it is settled each time before it is read'
const DOES_NOTHING = 'the action only says why nothing is done'
const IS_POSITIVE = 'it is compared with the restarts only where it is more than 0'
const WAS_GUARDED = 'its guard has looked at that already'

const container = (place: string): string => `machines/container.ts containerMachine.states.${place}`
const exec = (place: string): string => `machines/exec.ts execMachine.states.${place}`

/** Mutants that behave as the chart does, by their names, each with the reason. */
export const EQUIVALENT: Readonly<Record<string, string>> = {
  [container("configured.on.remove.target: without target: 'removing'")]: LED_THERE,
  [container("created.on.stop.target: without target: 'stopping.killing'")]: LED_THERE,
  [container("created.on.remove.target: without target: 'stopping.killing'")]: LED_THERE,
  [container("running.on.stop.target: without target: 'stopping'")]: LED_THERE,
  [container("running.on.remove.target: without target: 'stopping.killing'")]: LED_THERE,
  [container("paused.on.stop.target: without target: 'stopping.thawing'")]: LED_THERE,
  [container("paused.on.remove.target: without target: 'stopping.killing'")]: LED_THERE,
  [container("stopped.on.start.target: without target: '#container.cleaning'")]: LED_THERE,
  [container("stopped.on.remove.target: without target: '#container.cleaning'")]: LED_THERE,
  [container("exited.on.remove.target: without target: 'removing'")]: LED_THERE,
  [exec("running.on.stop.target: without target: 'stopping'")]: LED_THERE,
  [container(
    "reconciling.states.asking.invoke.onDone: without no. 5, { guard: 'foundRemoving', target: '#container.removing', actions: assi",
  )]: LED_THERE,
  [container(
    'reconciling.states.asking.invoke.onDone.5.target: to #container.configured instead of #container.removing',
  )]: LED_THERE,

  "machines/container.ts imageOf: never if event.type !== 'checkpoint' && event.type !== 'restore'":
    NEVER_READ,
  "machines/container.ts imageOf.imagePath: without imagePath: ''": NEVER_READ,
  'machines/container.ts imageOf.tcpEstablished: without tcpEstablished: false': NEVER_READ,
  'machines/container.ts imageOf.tcpEstablished: false is true': NEVER_READ,

  'machines/container.ts delays.stopGrace: context.stop?.graceMs ?? 0 is context.stop?.graceMs': IS_STOPPING,
  'machines/container.ts delays.stopGrace: 0 is 1': IS_STOPPING,
  [container(
    'stopping.states.signalling.invoke.input.signal: context.stop?.signal ?? SIGKILL is context.stop?.signal',
  )]: IS_STOPPING,
  'machines/exec.ts delays.stopGrace: context.stop?.graceMs ?? 0 is context.stop?.graceMs': IS_STOPPING,
  'machines/exec.ts delays.stopGrace: 0 is 1': IS_STOPPING,
  [exec(
    'stopping.states.signalling.invoke.input.signal: context.stop?.signal ?? SIGKILL is context.stop?.signal',
  )]: IS_STOPPING,

  'machines/container.ts nextStage: stop?.next ?? [] is stop?.next': WAS_GUARDED,
  'machines/container.ts nextStage: stage === undefined ? stop : requestOf({ ...stage, next }) is requestOf({ ...stage, next })':
    WAS_GUARDED,
  [exec(
    "reconciling.invoke.onDone.1.actions: event.output.found === 'ended' ? { exit: concludeExit(event.output.cod is { exit: concludeExit(event.output.code, context) }",
  )]: WAS_GUARDED,
  [exec(
    "reconciling.invoke.onDone.2.actions: event.output.found === 'ended' ? {} : { process: event.output.process  is { process: event.output.process }",
  )]: WAS_GUARDED,
  [exec(
    "reconciling.invoke.onDone.3.actions: event.output.found === 'ended' ? {} : { process: event.output.process  is { process: event.output.process }",
  )]: WAS_GUARDED,

  'machines/restart.ts isExhausted: policy.maxRetries ?? 0 is policy.maxRetries':
    'no number is not more than 0, either',
  'machines/restart.ts isExhausted: policy.maxRetries ?? 0 is policy.maxRetries (2)': IS_POSITIVE,
  'machines/restart.ts isExhausted: 0 is 1 (3)': IS_POSITIVE,
  'machines/container.ts adopt.startAsked: without startAsked: false':
    'no start is waiting where the world is asked: it is done, or forgotten, before',
  'machines/health.ts healthMachine.context.probeCounts: false is true': SETTLED_BEFORE,
  'machines/health.ts healthMachine.context.probeCounts: without probeCounts: false': SETTLED_BEFORE,
  [exec("stopping.on.stop.1.actions: without actions: 'joinStop'")]: DOES_NOTHING,
}
