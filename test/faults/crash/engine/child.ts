/** What {@link file://./preload.ts} has an engine find in the place of `effects/program/child.ts`. */
import type { Libc } from '../../../../effects/libc/libc.ts'
import {
  type Child,
  type ChildRequest,
  spawnChild as spawnReally,
} from '../../../../effects/program/child.ts'
import { come, replace, stepping } from './preload.ts'
import { programName } from './steps.ts'

/** Each spawn, each word on a pipe, and each end that the engine hears of is a crash point. */
export function spawnChild(libc: Libc, request: ChildRequest): Child {
  const doing = programName(request.path, request.args)
  come('before', `spawn ${doing}`)
  const child = spawnReally(libc, request)
  come('after', `spawn ${doing}`)
  for (const pipe of child.pipes.slice(3)) {
    if (pipe === undefined) continue
    for (const verb of ['write', 'end'])
      replace(
        pipe,
        verb,
        stepping(() => `${verb} a pipe of ${doing}`),
      )
  }
  // First of all that hear of it.
  child.ended.then(() => come('after', `end of ${doing}`))
  return child
}
