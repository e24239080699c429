/** Opens a root, and tells how long that took. */
import { openEngine } from 'runchart'
import { input, output } from '../bench.ts'

const { root, runRoot, runtime } = input<{ root: string; runRoot: string; runtime: string }>()
const cpuBefore = process.cpuUsage()
const begun = performance.now()
const engine = await openEngine({ root, runRoot, runtime })
const ms = performance.now() - begun
const { user, system } = process.cpuUsage(cpuBefore)
const states = engine.snapshot().containers.map(({ state }) => state)
await engine.close()
output({
  ms,
  cpuMs: (user + system) / 1_000,
  known: states.length,
  running: states.filter((one) => one === 'running').length,
})
