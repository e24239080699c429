/** Fills the event log of a new store. */
import { mkdirSync } from 'node:fs'
import { readBootId } from '../../../effects/process/identity.ts'
import { enginePaths } from '../../../src/root/paths.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Commit } from '../../../src/store/records.ts'
import { input, output } from '../bench.ts'

/** Events in one transaction. */
const PIECE = 1_000
const CONTAINERS = 1_000

const { root, runRoot, events } = input<{ root: string; runRoot: string; events: number }>()
const paths = enginePaths(root, runRoot)
for (const path of [root, runRoot]) mkdirSync(path, { recursive: true, mode: 0o700 })
const bearings = { path: paths.store, lastToldPaths: paths.lastTold, bootId: readBootId() }
const store = await openStore({
  ...bearings,
  onTrouble: (error) => {
    throw error
  },
})
const at = new Date().toISOString()
const id = (n: number): string => (n % CONTAINERS).toString(16).padStart(32, '0')
const commit = (n: number): Commit => ({
  event: {
    ...{ type: 'state', from: 'starting', to: 'running', at, generation: 1 },
    ...{ containerId: id(n), name: id(n).slice(20) },
  } as Commit['event'] & {},
})
for (let done = 0; done < events; done += PIECE) {
  store.commit(Array.from({ length: Math.min(PIECE, events - done) }, (_, n) => commit(done + n)))
}
store.close()
output(events)
