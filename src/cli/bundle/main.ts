/** Makes the command line of the package: a step of `npm run build`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleCli } from './bundle.ts'
import { licencesOf } from './licences.ts'

const directory = join(process.argv[2] ?? 'dist', 'cli')
const { inputs } = await bundleCli(directory)
// preact is in the inspector's page, which is built apart.
const files = [...Object.keys(inputs), 'node_modules/preact/package.json']
await writeFile(join(directory, 'LICENCES'), await licencesOf(files))
