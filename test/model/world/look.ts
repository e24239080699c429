import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { findProgram } from '../../../effects/runtime/find.ts'
import { readRuntimeStatus } from '../../faults/crash/truth/runtime-status.ts'
import { isAlive } from '../../faults/elsewhere/lab.ts'
import type { TestPlace } from '../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { leafOf, type State } from './chart-and-world.ts'

/** What there is of a container, by the runtime, the kernel, the exits directory and the store. */
interface Seen {
  runtime: string | null
  alive: boolean
  frozen: boolean
  exitFile: boolean
  row: string | null
}

/** The process that a run has, or had. */
export interface Run {
  id: string
  pid: number | null
}

export async function seen(place: TestPlace, { id, pid }: Run): Promise<Seen> {
  const status = await readRuntimeStatus(findProgram(TEST_RUNTIME), join(place.runRoot, 'runtime'), id)
  return {
    runtime: /^\w+$/.test(status) ? status : null,
    alive: pid !== null && isAlive(pid),
    frozen: pid !== null && isAlive(pid) && isFrozen(pid),
    exitFile: existsSync(join(place.runRoot, 'exits', id)),
    row: rowOf(place, id),
  }
}

/** What the chart and the world beside it say that there is. */
export function expected({ chart, world, ...state }: State): Seen {
  const leaf = leafOf({ chart, world, ...state } as State)
  const [top] = leaf.split('.')
  return {
    runtime: world.runtime,
    alive: world.runtime !== null && world.runtime !== 'stopped',
    frozen: world.runtime === 'paused',
    exitFile: false,
    row: top === 'removed' ? null : `${top} in run ${chart.context.generation}`,
  }
}

function rowOf(place: TestPlace, id: string): string | null {
  const database = new DatabaseSync(join(place.root, 'store.db'), { readOnly: true })
  try {
    const row = database.prepare('SELECT state, generation FROM containers WHERE id = ?').get(id)
    return row === undefined ? null : `${row.state} in run ${row.generation}`
  } finally {
    database.close()
  }
}

/** By the freezer of its cgroup, in whichever hierarchy that is. */
function isFrozen(pid: number): boolean {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const pathIn = (start: RegExp): string | undefined => lines.find((line) => start.test(line))?.split(':')[2]
  const own = pathIn(/^\d+:freezer:/)
  if (own !== undefined) {
    return readFileSync(join('/sys/fs/cgroup/freezer', own, 'freezer.state'), 'utf8').trim() === 'FROZEN'
  }
  return readFileSync(join('/sys/fs/cgroup', pathIn(/^0::/) ?? '', 'cgroup.events'), 'utf8').includes(
    'frozen 1',
  )
}
