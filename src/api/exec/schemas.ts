import Type, { type Static } from 'typebox'
import { Ref } from '../schemas.ts'

const strict = { additionalProperties: false } as const
const Texts = Type.Optional(Type.Array(Type.String()))
const Text = Type.Optional(Type.String())

const settings = {
  command: Type.Array(Type.String()),
  env: Texts,
  workdir: Text,
  user: Text,
  capAdd: Texts,
  /** Descriptors of a process of the same user, which are opened anew for the command. */
  preserveFds: Type.Optional(Type.Object({ pid: Type.Integer(), fds: Type.Array(Type.Integer()) }, strict)),
}

/** A command to be collected, or with `detach` left to itself. `stdin` is base64. */
export const ExecBody = Type.Object(
  {
    ...settings,
    stdin: Text,
    maxOutputBytes: Type.Optional(Type.Integer()),
    detach: Type.Optional(Type.Boolean()),
    tty: Type.Optional(Type.Boolean()),
  },
  strict,
)
export type ExecBody = Static<typeof ExecBody>

/** The first frame of a stream: a command whose streams are the frames that follow. */
export const ExecStreamRequest = Type.Object(
  {
    ...settings,
    stdin: Type.Optional(Type.Boolean()),
    tty: Type.Optional(Type.Boolean()),
    size: Type.Optional(Type.Object({ columns: Type.Integer(), rows: Type.Integer() }, strict)),
  },
  strict,
)
export type ExecStreamRequest = Static<typeof ExecStreamRequest>

export const SessionParams = Type.Object({ ref: Ref, session: Type.String() }, strict)
export type SessionParams = Static<typeof SessionParams>

export const ExecStopBody = Type.Union([
  Type.Object({ session: Text, timeout: Type.Optional(Type.Number()) }, strict),
  Type.Null(),
])
export type ExecStopBody = Static<typeof ExecStopBody>
