/** An engine with a pool, which says when that is full, and then waits to be killed. */
import { openEngine } from '../../../src/index.ts'

const [root, runRoot, runtime, rootfs] = process.argv.slice(2) as [string, string, string, string]
const engine = await openEngine({ root, runRoot, runtime })
const pool = await engine.pool({ spec: { rootfs, command: ['sleep', '1000'] }, size: 3 })
const taken = await pool.take()
await taken.start()
console.log(taken.id)
