/** A program that closes its engine as soon as it has asked to attach to the container web, and then comes to its own end. */
import { join } from 'node:path'
import { openEngine } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'

const [path = ''] = process.argv.slice(2)
const engine = await openEngine({
  root: join(path, 'root'),
  runRoot: join(path, 'run'),
  runtime: TEST_RUNTIME,
})
const attaching = engine.get('web').attach()
const outcome = attaching.then(
  () => 'attached',
  (error: { code?: string }) => String(error.code ?? error),
)
await engine.close({ timeout: 0 })
console.log(JSON.stringify(await outcome))
