/** Keeps simulated containers that do nothing, and tells the memory for each. Needs `--expose-gc`. */
import { setTimeout as delay } from 'node:timers/promises'
import { openSimulatedEngine } from 'runchart/testing'
import { input, output } from '../bench.ts'

const AT_ONCE = 100

const { containers, warmUp } = input<{ containers: number; warmUp: number }>()
await using world = await openSimulatedEngine()
const { engine } = world

/** Everything that is loaded, compiled and grown once is there before the first look. */
for (const { id } of await make(warmUp)) await engine.get(id).remove({ force: true })
const before = await memory()
await make(containers)
const after = await memory()
output({
  heap: (after.heapUsed - before.heapUsed) / containers / 1_024,
  resident: (after.rss - before.rss) / containers / 1_024,
  external: (after.external - before.external) / containers / 1_024,
})

async function make(count: number): Promise<{ id: string }[]> {
  const made: { id: string }[] = []
  while (made.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - made.length) }, async () => {
      const { id, start } = bound(await engine.create({ rootfs: '/any', command: ['sleep', '1000'] }))
      await start()
      return { id }
    })
    made.push(...(await Promise.all(some)))
  }
  return made
}

/** Only the id is kept: a handle would count as the container's own. */
function bound(container: { id: string; start: () => Promise<unknown> }): typeof container {
  return { id: container.id, start: () => container.start() }
}

async function memory(): Promise<NodeJS.MemoryUsage> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  for (let pass = 0; pass < 4; pass += 1) {
    globalThis.gc()
    await delay(50)
  }
  return process.memoryUsage()
}
