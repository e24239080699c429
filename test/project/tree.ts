import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is made, not written: never looked at. */
const MADE = new Set(['.git', 'node_modules', 'dist', '.test-report'])

/** The project's files as paths from its top, in order. */
export async function projectFiles(directory = '.'): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const kept = entries.filter(({ name }) => directory !== '.' || !MADE.has(name))
  const found = await Promise.all(
    kept.map(async (entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? await projectFiles(path) : [path]
    }),
  )
  return found.flat().sort()
}

/** A file and what is in it. */
export interface Source {
  path: string
  text: string
}

/** The project's files that the filter lets through, with their text. */
export async function readSources(filter: (path: string) => boolean): Promise<Source[]> {
  const paths = (await projectFiles()).filter(filter)
  return await Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))
}

/** package.json, as far as the tests look at it. */
export interface PackageJson {
  license: string
  engines: { node: string }
  scripts: Record<string, string>
  exports: Record<string, string | { types: string; default: string }>
  bin: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

/** Reads package.json. */
export async function packageJson(): Promise<PackageJson> {
  return JSON.parse(await readFile('package.json', 'utf8')) as PackageJson
}
