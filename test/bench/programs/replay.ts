/** Reads the whole event log of a root from number 0. */
import { openEngine } from 'runchart'
import { input, output } from '../bench.ts'

/** Events from one look at the memory to the next. */
const LOOK = 20_000

const { root, runRoot, samples } = input<{ root: string; runRoot: string; samples: number }>()
const retention = { events: Number.POSITIVE_INFINITY, age: Number.POSITIVE_INFINITY }
const engine = await openEngine({ root, runRoot, retention })
const { last } = engine.events

const rates: { since: number; past: number; cpu: number }[] = []
/** Resident memory in MB, through the first replay. */
const memory: number[] = []
for (let sample = 0; sample < samples; sample += 1) {
  const cpuBefore = process.cpuUsage()
  const since = await rate(async () => {
    let count = 0
    for await (const { seq } of engine.events.since(0)) {
      count += 1
      if (sample === 0 && count % LOOK === 0) memory.push(process.memoryUsage.rss() / 2 ** 20)
      if (seq === last) break
    }
    return count
  })
  const { user, system } = process.cpuUsage(cpuBefore)
  const past = await rate(async () => {
    let count = 0
    for (const _ of engine.events.past(0)) count += 1
    return count
  })
  rates.push({ since, past, cpu: (last / (user + system)) * 1_000_000 })
}
await engine.close()
output({ rates, memory })

/** Events a second. */
async function rate(read: () => Promise<number>): Promise<number> {
  const begun = performance.now()
  return ((await read()) / (performance.now() - begun)) * 1_000
}
