/** What the owner's API takes. Anything that is not named here is refused. */
import Type, { type Static } from 'typebox'
import type { EventFilter, RestartPolicyName, WaitCondition } from '../types.ts'

const strict = { additionalProperties: false } as const

/** A flag in a query: `?all`, `?all=true`, `?all=1`; anything else that is allowed means no. */
export const Flag = Type.Optional(Type.String({ enum: ['', 'true', '1', 'false', '0'] }))
const WholeNumber = Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' }))

const PortMapping = Type.Object(
  {
    // Any other protocol is refused too, by its name.
    protocol: Type.Unsafe<'tcp' | 'udp' | 'sctp'>(Type.String()),
    hostPort: Type.Number(),
    hostIp: Type.Optional(Type.String()),
    containerPort: Type.Optional(Type.Number()),
  },
  strict,
)

const CgroupManager = Type.Unsafe<'cgroupfs' | 'systemd'>(Type.String())

/** Descriptors of a process of the same user, which are opened anew for the container. */
const DescriptorSource = Type.Optional(
  Type.Object({ pid: Type.Integer(), fds: Type.Array(Type.Integer()) }, strict),
)

const StopStages = Type.Optional(
  Type.Array(
    Type.Object({ signal: Type.Union([Type.String(), Type.Number()]), grace: Type.Number() }, strict),
  ),
)

/** A policy's name, which the engine reads, or all of it. */
const Restart = Type.Optional(
  Type.Union([
    Type.Unsafe<RestartPolicyName>(Type.String()),
    Type.Object(
      {
        policy: Type.Unsafe<RestartPolicyName>(Type.String()),
        maxRetries: Type.Optional(Type.Number()),
        backOff: Type.Optional(
          Type.Object(
            {
              initial: Type.Optional(Type.Number()),
              factor: Type.Optional(Type.Number()),
              cap: Type.Optional(Type.Number()),
              jitter: Type.Optional(Type.Number()),
              resetAfter: Type.Optional(Type.Number()),
            },
            strict,
          ),
        ),
      },
      strict,
    ),
  ]),
)

const HealthCheck = Type.Optional(
  Type.Object(
    {
      command: Type.Array(Type.String()),
      interval: Type.Optional(Type.Number()),
      timeout: Type.Optional(Type.Number()),
      retries: Type.Optional(Type.Number()),
      startPeriod: Type.Optional(Type.Number()),
    },
    strict,
  ),
)

/** {@link import('../types.ts').CreateOptions} as JSON. */
export const CreateBody = Type.Object(
  {
    name: Type.Optional(Type.String()),
    bundle: Type.Optional(Type.String()),
    rootfs: Type.Optional(Type.String()),
    command: Type.Optional(Type.Array(Type.String())),
    env: Type.Optional(Type.Array(Type.String())),
    workdir: Type.Optional(Type.String()),
    user: Type.Optional(Type.String()),
    hostname: Type.Optional(Type.String()),
    readOnly: Type.Optional(Type.Boolean()),
    memory: Type.Optional(Type.Number()),
    pidsLimit: Type.Optional(Type.Number()),
    cpus: Type.Optional(Type.Number()),
    stopSignal: Type.Optional(Type.Union([Type.String(), Type.Number()])),
    stopTimeout: Type.Optional(Type.Number()),
    stopStages: StopStages,
    terminal: Type.Optional(Type.Boolean()),
    stdin: Type.Optional(Type.Boolean()),
    ports: Type.Optional(Type.Array(PortMapping)),
    reservePorts: Type.Optional(Type.Boolean()),
    exitCommand: Type.Optional(Type.Array(Type.String())),
    conmonPidFile: Type.Optional(Type.String()),
    cgroupParent: Type.Optional(Type.String()),
    network: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('slirp4netns')])),
    cgroupManager: Type.Optional(CgroupManager),
    preserveFds: DescriptorSource,
    autoRemove: Type.Optional(Type.Boolean()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    key: Type.Optional(Type.String()),
    restart: Restart,
    healthCheck: HealthCheck,
  },
  strict,
)
export type CreateBody = Static<typeof CreateBody>

/** A body may be left out, so that `curl -X POST` is enough. */
export const NoBody = Type.Union([Type.Object({}, strict), Type.Null()])

export const StopBody = Type.Union([
  Type.Object(
    { timeout: Type.Optional(Type.Number()), by: Type.Optional(Type.String()), stages: StopStages },
    strict,
  ),
  Type.Null(),
])
export type StopBody = Static<typeof StopBody>

export const KillBody = Type.Union([
  Type.Object(
    {
      signal: Type.Optional(Type.Union([Type.String(), Type.Number()])),
      by: Type.Optional(Type.String()),
    },
    strict,
  ),
  Type.Null(),
])
export type KillBody = Static<typeof KillBody>

export const Ref = Type.String({ description: 'An id, the unique start of one, or a name' })

export const RefParams = Type.Object({ ref: Ref }, strict)
export type RefParams = Static<typeof RefParams>

export const NoQuery = Type.Object({}, strict)

/** Once, or several times. */
const Texts = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]))

/** `label`: `NAME=value`, or `NAME` with any value; each must hold. */
export const ListQuery = Type.Object({ all: Flag, label: Texts }, strict)
export type ListQuery = Static<typeof ListQuery>

export const WaitQuery = Type.Object(
  {
    // Any other is refused too, by its name.
    for: Type.Optional(
      Type.Unsafe<WaitCondition>(
        Type.String({
          description: '`running`, `healthy`, `exit` (where left out), `next-exit` or `removed`',
        }),
      ),
    ),
    generation: WholeNumber,
    timeout: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,9}([.][0-9]{1,9})?$',
        description: 'Seconds; without end where left out',
      }),
    ),
  },
  strict,
)
export type WaitQuery = Static<typeof WaitQuery>

export const RemoveQuery = Type.Object({ force: Flag, by: Type.Optional(Type.String()) }, strict)
export type RemoveQuery = Static<typeof RemoveQuery>

export const LogsQuery = Type.Object({ follow: Flag }, strict)
export type LogsQuery = Static<typeof LogsQuery>

export const EventsQuery = Type.Object(
  {
    since: WholeNumber,
    follow: Flag,
    container: Texts,
    // A type that there is none of has no events; a newer client may know it.
    type: Type.Optional(
      Type.Unsafe<EventFilter['type']>(Type.Union([Type.String(), Type.Array(Type.String())])),
    ),
    label: Texts,
  },
  strict,
)
export type EventsQuery = Static<typeof EventsQuery>

export const ExitQuery = Type.Object({ generation: WholeNumber }, strict)
export type ExitQuery = Static<typeof ExitQuery>

export const FollowQuery = Type.Object({ since: WholeNumber }, strict)
export type FollowQuery = Static<typeof FollowQuery>

/** Reads a flag of a query. */
export function isSet(flag: string | undefined): boolean {
  return flag === '' || flag === 'true' || flag === '1'
}

/** Reads a number of a query. */
export function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
