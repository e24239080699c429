import Type from 'typebox'
import type { DescribedRoute } from '../openapi/document.ts'
import { Flag, RefParams } from '../schemas.ts'

/** What frames are, for whoever reads the document. */
export const FRAMES_IN_WORDS =
  'Frames: a byte that says the type, four bytes of length, the most significant first, then that many bytes, at ' +
  'most 1 MiB. The types: 0 stdin, 1 stdout, 2 stderr, 3 resize (columns and rows, two bytes each), 4 end (nothing ' +
  'more comes from this side; from a client it ends standard input), 5 error (an ErrorReply as JSON, and the last ' +
  'frame), 6 json (a value).'

/** `attach`, which no route of the framework's answers. */
export const attachDescribed: DescribedRoute = {
  method: 'POST',
  url: '/v1/containers/:ref/attach',
  params: RefParams,
  querystring: Type.Object({ 'input-only': Flag }),
  documentation: {
    id: 'attachContainer',
    summary: "Joins a container's standard streams",
    description:
      'To be asked with the headers `Connection: Upgrade` and `Upgrade: runchart-frames`. The header ' +
      '`runchart-terminal` of the answer says whether the container has a terminal. After it the connection is no ' +
      `longer HTTP. ${FRAMES_IN_WORDS} The client sends stdin, resize and end, the owner stdout, stderr, and end or ` +
      'error. Hanging up detaches, and does not touch the container.',
    replies: { 101: { description: 'The connection carries frames from now on' } },
  },
}
