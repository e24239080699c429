/** Puts the page where the built server looks for it: a step of `npm run build`. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from './bundle.ts'

const folder = join(process.argv[2] ?? 'dist', 'page')
await mkdir(folder, { recursive: true })
for (const [name, body] of await bundle()) await writeFile(join(folder, name), body)
