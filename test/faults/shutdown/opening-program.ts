/** A program whose engine cannot be opened, and that then comes to its own end. */
import { join } from 'node:path'
import { openEngine } from '../../../src/index.ts'

const [path = '', runtime = ''] = process.argv.slice(2)
await openEngine({ root: join(path, 'root'), runRoot: join(path, 'run'), runtime }).then(
  () => console.log(JSON.stringify('opened')),
  (error: { code?: string }) => console.log(JSON.stringify(error.code ?? String(error))),
)
