import { watchExits } from '../../../effects/exits/watcher.ts'
import { hasNotBegunToEnd } from '../../../effects/process/identity.ts'
import { realClock } from '../../clock.ts'
import { prepareSpec } from '../../spec/prepare.ts'
import { attach } from '../attach/attach.ts'
import { usageOf } from '../ending/usage.ts'
import { ExitWatch } from '../exits/watch.ts'
import { assertCheckpointing } from '../runtime/checkpoint.ts'
import { listProcesses } from '../runtime/top.ts'
import { realContainers } from './containers.ts'
import { realSessions } from './sessions.ts'
import type { World } from './world.ts'

/** conmon, an OCI runtime, the kernel and the file system. */
export const realWorld: World = {
  clock: realClock,
  containers: realContainers,
  sessions: realSessions,
  prepareSpec,
  watchExits(bearings) {
    const watch = new ExitWatch(bearings, watchExits(bearings.dir))
    watch.open()
    return watch
  },
  attach,
  usage: usageOf,
  processes: listProcesses,
  isAlive: ({ process }) => process !== undefined && hasNotBegunToEnd(process),
  assertCheckpointing,
}
