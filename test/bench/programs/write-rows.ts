/** Writes containers that have exited into the store of a root, and further exit records with their events. */
import { mkdirSync } from 'node:fs'
import type { EngineEvent, ExitRecord } from 'runchart'
import { openSimulatedEngine } from 'runchart/testing'
import { readBootId } from '../../../effects/process/identity.ts'
import { enginePaths } from '../../../src/root/paths.ts'
import { openStore, type StoreOptions } from '../../../src/store/open.ts'
import type { ContainerCommit, ContainerRow } from '../../../src/store/records.ts'
import type { Store } from '../../../src/store/store.ts'
import { input, output } from '../bench.ts'

/** What every container here is a copy of. */
interface Model {
  row: ContainerRow
  spec: ContainerCommit['spec']
  event: EngineEvent
  exit: ExitRecord
}

/** Commits in one transaction. */
const PIECE = 1_000

const { root, runRoot, rows, exits } = input<{ root: string; runRoot: string; rows: number; exits: number }>()
const model = await exitedContainer()
const paths = enginePaths(root, runRoot)
for (const path of [root, runRoot]) mkdirSync(path, { recursive: true, mode: 0o700 })
const store = await opened({ path: paths.store, lastToldPaths: paths.lastTold, bootId: readBootId() })
write(rows, commitOf)
// Of containers that are gone: an event each, and a record, which outlives its container.
write(exits, (n) => {
  const { row, event, exit } = commitOf(rows + n)
  return { row, event, exit }
})
store.close()
output(rows)

/** A real row with its spec, its last event and its exit record, from an engine that made them. */
async function exitedContainer(): Promise<Model> {
  await using world = await openSimulatedEngine({ programs: { true: () => 0 } })
  const { engine } = world
  const container = await engine.create({ rootfs: '/any', command: ['true'] })
  await container.start()
  await container.wait()
  await container.cleanup()
  const { root, runRoot } = engine
  const [event] = [...engine.events.past(0)].slice(-1)
  const exit = engine.exitRecord(container.id)
  await engine.close()
  const written = await opened({ path: enginePaths(root, runRoot).store, lastToldPaths: [], bootId: 'any' })
  const [row] = written.containers()
  const spec = written.spec(container.id)
  written.close()
  if (row === undefined || event === undefined) throw new Error('the simulated engine has kept nothing')
  return { row, spec, event, exit }
}

function commitOf(n: number): ContainerCommit {
  const id = n.toString(16).padStart(32, '0')
  const name = `exited-${n}`
  const row: ContainerRow = { ...model.row, id, name }
  if (row.facts.exit !== null)
    row.facts = { ...row.facts, exit: { ...row.facts.exit, containerId: id, name } }
  const event = { ...model.event, containerId: id, name } as ContainerCommit['event']
  return { row, spec: model.spec, event, exit: { ...model.exit, containerId: id, name } }
}

function write(count: number, commit: (n: number) => ContainerCommit): void {
  for (let done = 0; done < count; done += PIECE) {
    store.commit(Array.from({ length: Math.min(PIECE, count - done) }, (_, n) => commit(done + n)))
  }
}

function opened(options: Omit<StoreOptions, 'onTrouble'>): Promise<Store> {
  return openStore({
    ...options,
    onTrouble: (error) => {
      throw error
    },
  })
}
