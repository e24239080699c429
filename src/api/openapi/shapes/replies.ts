import Type from 'typebox'
import {
  EXEC_STATES,
  type ExecInfo as ExecInfoShape,
  type ExecResult as ExecResultShape,
  type ProcessInfo as ProcessInfoShape,
  type WaitResults,
} from '../../../types.ts'
import type {
  ErrorReply as ErrorReplyShape,
  FollowLine as FollowLineShape,
  OwnerInfo as OwnerInfoShape,
  Snapshot as SnapshotShape,
} from '../../wire.ts'
import { component } from './component.ts'
import { ContainerInfo, ExitRecord } from './container.ts'
import { EngineEvent } from './events.ts'
import { Flag, Nullable, Text, Texts, Time, Whole } from './values.ts'

export const ErrorReply = component<ErrorReplyShape>()(
  'ErrorReply',
  Type.Object({
    error: Type.Object({
      name: Type.String({ description: "The error's class" }),
      code: Type.String({ description: 'Stable' }),
      message: Text,
      hint: Type.Optional(Type.String({ description: 'What to do' })),
      containerId: Type.Optional(Text),
      awaited: Type.Optional(Type.String({ description: 'What was waited for' })),
      state: Type.Optional(Type.String({ description: 'In which the container is' })),
      event: Type.Optional(Type.String({ description: 'The command that was refused' })),
      allowed: Type.Optional(Type.Array(Text, { description: 'The commands that this state takes' })),
      failure: Type.Optional(Type.String({ description: 'Why a runtime failed' })),
    }),
  }),
)

export const OwnerInfo = component<OwnerInfoShape>()(
  'OwnerInfo',
  Type.Object({ version: Text, pid: Whole, root: Text, runRoot: Text }),
)

export const Snapshot = component<SnapshotShape>()(
  'Snapshot',
  Type.Object({
    containers: Type.Array(ContainerInfo),
    seq: Type.Integer({ description: 'The number to follow the events from' }),
  }),
)

export const FollowLine = component<FollowLineShape>()(
  'FollowLine',
  Type.Union([
    Type.Object({ snapshot: Snapshot }),
    Type.Object({
      event: EngineEvent,
      container: Nullable(ContainerInfo, 'As it is when the line is sent; null where it is gone, or none'),
    }),
  ]),
)

export const ProcessInfo = component<ProcessInfoShape>()(
  'ProcessInfo',
  Type.Object({
    pid: Whole,
    ppid: Whole,
    uid: Whole,
    startedAt: Time,
    cpuMs: Type.Number(),
    command: Texts,
  }),
)

export const ExecInfo = component<ExecInfoShape>()(
  'ExecInfo',
  Type.Object({
    id: Text,
    command: Texts,
    state: Type.Enum([...EXEC_STATES], { type: 'string' }),
    pid: Nullable(Whole),
    detached: Flag,
    startedAt: Time,
  }),
)

export const ExecResult = component<ExecResultShape>()(
  'ExecResult',
  Type.Object({
    exitCode: Whole,
    signal: Nullable(Text),
    stdout: Text,
    stderr: Text,
    truncated: Type.Boolean({ description: 'Whether more was written than was kept' }),
  }),
)

export const WaitResult = component<WaitResults[keyof WaitResults]>()(
  'WaitResult',
  Type.Union([ExitRecord, ContainerInfo, Type.Null()], {
    description:
      '`running` and `healthy`: the container; otherwise the exit record, null where a removed container had none',
  }),
)

/** A detached command that has begun. */
export const ExecBegun = component<Pick<ExecInfoShape, 'id' | 'pid'>>()(
  'ExecBegun',
  Type.Object({ id: Text, pid: Nullable(Whole) }),
)
