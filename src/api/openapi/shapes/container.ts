import Type from 'typebox'
import { RESTART_STATES } from '../../../../machines/restart-types.ts'
import {
  CONTAINER_STATES,
  type ContainerInfo as ContainerInfoShape,
  type ErrorRecord as ErrorRecordShape,
  type ExitRecord as ExitRecordShape,
  type HealthInfo as HealthInfoShape,
  type PortMapping as PortMappingShape,
  type RestartInfo as RestartInfoShape,
} from '../../../types.ts'
import { component } from './component.ts'
import { Flag, Nullable, Text, Texts, Time, Whole } from './values.ts'

export const State = component<ContainerInfoShape['state']>()(
  'ContainerState',
  Type.Enum([...CONTAINER_STATES], { type: 'string' }),
)

export const Cause = component<ExitRecordShape['cause']>()(
  'ExitCause',
  Type.Enum(
    [
      'exited',
      'signalled',
      'stopped-by-user',
      'oom',
      'monitor-lost',
      'host-restart',
      'create-failed',
      'checkpointed',
    ],
    { type: 'string' },
  ),
)

export const ExitRecord = component<ExitRecordShape>()(
  'ExitRecord',
  Type.Object(
    {
      containerId: Text,
      name: Text,
      generation: Type.Integer({ description: 'Which run of the container this was; the first is 1' }),
      code: Type.Integer({ description: '0–255, 128+n for signal n, −1 where no evidence exists' }),
      signal: Nullable(Text, 'Such as SIGKILL, where the code is 128+n'),
      oomKilled: Flag,
      cause: Cause,
      by: Nullable(Text, 'Who asked for this end'),
      startedAt: Nullable(Time),
      finishedAt: Time,
      cpuMs: Nullable(Type.Number(), 'Milliseconds of CPU that the run has used'),
      memoryPeak: Nullable(Type.Number(), 'Bytes'),
    },
    { description: 'What is known of one ended run of a container. It outlives the container' },
  ),
)

export const ErrorRecord = component<ErrorRecordShape>()(
  'ErrorRecord',
  Type.Object({ code: Text, message: Text, hint: Type.Optional(Text) }),
)

const PortMapping = component<PortMappingShape>()(
  'PortMapping',
  Type.Object({
    protocol: Type.Enum(['tcp', 'udp', 'sctp'], { type: 'string' }),
    hostPort: Whole,
    hostIp: Type.Optional(Text),
    containerPort: Type.Optional(Whole),
  }),
)

const RestartInfo = component<RestartInfoShape>()(
  'RestartInfo',
  Type.Object({
    policy: Type.Enum(['no', 'on-failure', 'always', 'unless-stopped'], { type: 'string' }),
    maxRetries: Nullable(Whole, 'null where there is no limit'),
    state: Type.Enum([...RESTART_STATES], { type: 'string' }),
  }),
)

export const HealthStatus = component<HealthInfoShape['status']>()(
  'HealthStatus',
  Type.Enum(['starting', 'healthy', 'unhealthy'], { type: 'string' }),
)

const HealthInfo = component<HealthInfoShape>()(
  'HealthInfo',
  Type.Object({
    status: HealthStatus,
    failingStreak: Whole,
    results: Type.Array(
      Type.Object({
        exitCode: Whole,
        output: Text,
        durationMs: Type.Optional(Type.Number()),
        timedOut: Flag,
      }),
    ),
  }),
)

export const ContainerInfo = component<ContainerInfoShape>()(
  'ContainerInfo',
  Type.Object({
    id: Text,
    name: Text,
    state: State,
    pid: Nullable(Whole, 'Its first process as the host numbers it'),
    exitCode: Nullable(Whole, "The last run's; null before the first exit and while running again"),
    generation: Whole,
    createdAt: Time,
    startedAt: Nullable(Time),
    finishedAt: Nullable(Time),
    exit: Nullable(ExitRecord),
    error: Nullable(ErrorRecord, 'What the last failed command ran into, until the next command'),
    monitorPid: Nullable(Whole, "conmon's"),
    runtime: Text,
    bundle: Text,
    logPath: Text,
    terminal: Flag,
    stdin: Flag,
    command: Texts,
    stopSignal: Text,
    stopTimeout: Type.Number({ description: 'Seconds' }),
    stopStages: Nullable(
      Type.Array(Type.Object({ signal: Text, grace: Type.Number({ description: 'Seconds' }) })),
      'null where a stop is the stop signal and its time',
    ),
    cgroupManager: Type.Enum(['cgroupfs', 'systemd'], { type: 'string' }),
    ports: Type.Array(PortMapping),
    reservePorts: Flag,
    exitCommand: Nullable(Texts),
    conmonPidFile: Nullable(Text),
    network: Nullable(Type.Enum(['none', 'slirp4netns'], { type: 'string' })),
    autoRemove: Flag,
    labels: Type.Record(Type.String(), Type.String()),
    key: Nullable(Text),
    restart: Nullable(RestartInfo),
    restarts: Whole,
    health: Nullable(HealthInfo),
  }),
)
