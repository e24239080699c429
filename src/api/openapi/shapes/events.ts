import Type, { type TProperties } from 'typebox'
import type * as Shapes from '../../../types.ts'
import { component } from './component.ts'
import { ErrorRecord, HealthStatus, State } from './container.ts'
import { Flag, Nullable, Text, Texts, Time, Whole } from './values.ts'

const base = {
  version: Type.Literal(1),
  seq: Type.Integer({ description: 'Grows with each event, never goes back' }),
  at: Time,
}

/** An event of a container. */
const ofContainer = <Name extends string, Rest extends TProperties>(type: Name, rest: Rest) =>
  Type.Object({
    ...base,
    containerId: Text,
    name: Text,
    generation: Whole,
    type: Type.Literal(type),
    ...rest,
  })

/** An event of no container in particular. */
const ofEngine = <Name extends string, Rest extends TProperties>(type: Name, rest: Rest) =>
  Type.Object({
    ...base,
    containerId: Type.Null(),
    name: Type.Null(),
    generation: Type.Null(),
    type: Type.Literal(type),
    ...rest,
  })

const StateEvent = component<Shapes.StateEvent>()(
  'StateEvent',
  ofContainer('state', {
    from: Nullable(State, 'null for the first event of a container'),
    to: State,
    pid: Type.Optional(Whole),
    exitCode: Type.Optional(Whole),
    error: Type.Optional(ErrorRecord),
    by: Type.Optional(Text),
  }),
)

const SignalEvent = component<Shapes.SignalEvent>()(
  'SignalEvent',
  ofContainer('signal', { signal: Text, by: Type.Optional(Text) }),
)

const MonitorLostEvent = component<Shapes.MonitorLostEvent>()(
  'MonitorLostEvent',
  ofContainer('monitor.lost', {}),
)

const ExecStartedEvent = component<Shapes.ExecStartedEvent>()(
  'ExecStartedEvent',
  ofContainer('exec.started', { sessionId: Text, command: Texts, detached: Flag, pid: Type.Optional(Whole) }),
)

const ExecExitedEvent = component<Shapes.ExecExitedEvent>()(
  'ExecExitedEvent',
  ofContainer('exec.exited', {
    sessionId: Text,
    exitCode: Whole,
    cause: Type.Enum(['exited', 'signalled', 'stopped', 'monitor-lost'], { type: 'string' }),
  }),
)

const RestartScheduledEvent = component<Shapes.RestartScheduledEvent>()(
  'RestartScheduledEvent',
  ofContainer('restart.scheduled', { attempt: Whole, delayMs: Type.Number() }),
)

const RestartGivenUpEvent = component<Shapes.RestartGivenUpEvent>()(
  'RestartGivenUpEvent',
  ofContainer('restart.given-up', { restarts: Whole }),
)

const HealthEvent = component<Shapes.HealthEvent>()(
  'HealthEvent',
  ofContainer('health', { status: HealthStatus, failingStreak: Whole }),
)

const WatchDegradedEvent = component<Shapes.WatchDegradedEvent>()(
  'WatchDegradedEvent',
  ofEngine('watch.degraded', { reason: Text, hint: Type.Optional(Text) }),
)

const WatchRestoredEvent = component<Shapes.WatchRestoredEvent>()(
  'WatchRestoredEvent',
  ofEngine('watch.restored', {}),
)

const EventsDropped = component<Shapes.EventsDropped>()(
  'EventsDropped',
  ofEngine('dropped', { from: Whole, to: Whole, resumeFrom: Whole }),
)

export const EngineEvent = component<Shapes.EngineEvent>()(
  'EngineEvent',
  Type.Union(
    [
      StateEvent,
      SignalEvent,
      MonitorLostEvent,
      ExecStartedEvent,
      ExecExitedEvent,
      RestartScheduledEvent,
      RestartGivenUpEvent,
      HealthEvent,
      WatchDegradedEvent,
      WatchRestoredEvent,
      EventsDropped,
    ],
    { description: 'Something that has happened, and was committed. `type` tells which' },
  ),
)
