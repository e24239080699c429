/** Writes the charts anew: `npm run charts`. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chartFiles } from './files.ts'

for (const [path, text] of chartFiles()) {
  const file = join(import.meta.dirname, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
