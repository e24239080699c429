import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { importsOf } from './import-graph.ts'
import { packageJson } from './tree.ts'

/** Packages that are run, or looked at by TypeScript, instead of being imported. */
const TOOLS = ['@arethetypeswrong/cli', '@biomejs/biome', '@types/node', 'node', 'publint', 'typescript']

const { dependencies, devDependencies } = await packageJson()
const all = { ...dependencies, ...devDependencies }

interface Lock {
  lockfileVersion: number
  packages: Record<string, { version: string; integrity?: string; resolved?: string }>
}

async function readLock(): Promise<Lock> {
  return JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock
}

/** What makes the inspector's page and the command line when the package is built, and what is put into that page. */
const ONLY_BUILT = ['src/inspector/page/', 'src/inspector/bundle/', 'src/cli/bundle/']

async function packagesOf(folders: string[], besides: string[] = []): Promise<string[]> {
  const found = await importsOf(...folders)
  const imports = found.filter(({ from }) => !besides.some((folder) => from.startsWith(folder)))
  const names = imports.filter(({ to, local }) => !local && !to.startsWith('node:')).map(({ to }) => to)
  // The package itself, as a person who uses it names it.
  return [...new Set(names)].filter((name) => name !== 'runchart').sort()
}

describe('dependencies', () => {
  it('are each imported by the package, and what it imports is among them', async () => {
    expect(await packagesOf(['src', 'machines', 'effects'], ONLY_BUILT)).toEqual(
      Object.keys(dependencies).sort(),
    )
  })

  it('of the tests are each imported or a tool, and what anything imports is among them', async () => {
    const imported = new Set([...(await packagesOf(['.'])), ...TOOLS])
    expect(Object.keys(devDependencies).filter((name) => !imported.has(name))).toEqual([])
    expect([...imported].filter((name) => !Object.hasOwn(all, name))).toEqual([])
  })

  it('are each listed with a reason in docs/dependencies.md, and no others are', async () => {
    const rows = (await readFile('docs/dependencies.md', 'utf8')).matchAll(
      /^\| `(?<name>[^`]+)` \| (?<used>[^|]+) \| (?<reason>[^|]+) \|$/gm,
    )
    const listed = [...rows].map(({ groups = {} }) => groups)
    expect(listed.map(({ name }) => name).sort()).toEqual(Object.keys(all).sort())
    for (const { name, used, reason } of listed) {
      expect(`${name}: ${used?.trim()} ${reason?.trim()}`).toMatch(/: \S+.* \S+.{20,}/)
    }
  })

  it('are pinned by the lock file, which tells nothing of where they were fetched', async () => {
    const { lockfileVersion, packages } = await readLock()
    const { '': self, ...others } = packages
    expect(lockfileVersion).toBe(3)
    expect(self).toMatchObject({ dependencies, devDependencies })
    for (const [path, entry] of Object.entries(others)) {
      expect({ path, ...entry }).toMatchObject({
        version: expect.any(String),
        integrity: expect.stringMatching(/^sha512-/),
      })
      expect({ path, resolved: entry.resolved }).toEqual({ path, resolved: undefined })
    }
  })

  it('for other machines are in the lock file too, which npm ci insists on', async () => {
    const { packages } = await readLock()
    const missing = Object.values(packages).flatMap((entry) => {
      const { optionalDependencies = {} } = entry as { optionalDependencies?: Record<string, string> }
      return Object.keys(optionalDependencies).filter(
        (name) => !Object.hasOwn(packages, `node_modules/${name}`),
      )
    })
    expect(missing).toEqual([])
  })
})
