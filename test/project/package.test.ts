import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { packageJson } from './tree.ts'

const project = await packageJson()

describe('the package', () => {
  it('is under the Apache licence 2.0, and has its text', async () => {
    expect(project.license).toBe('Apache-2.0')
    const text = await readFile('LICENSE', 'utf8')
    expect(text).toMatch(/Apache License\s+Version 2\.0, January 2004/)
    expect(text).toContain('END OF TERMS AND CONDITIONS')
  })

  it('asks for the oldest Node that its dependencies run on', async () => {
    expect(project.engines.node).toBe('>=22.22.0')
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8'))
    expect(packages['node_modules/chokidar'].engines.node).toBe('>= 22.22')
  })

  it('runs its tests on a Node at least as new', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    expect(major > 22 || (major === 22 && minor >= 22)).toBe(true)
  })

  it('offers the engine, the machines, the effects, the simulated engine and the client, each compiled from a source of that name', () => {
    const { './package.json': _, ...offered } = project.exports
    expect(Object.keys(offered)).toEqual(['.', './machines', './effects', './testing', './client'])
    const compiled = Object.values(offered).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    )
    expect(project.bin).toEqual({ runchart: 'dist/cli/main.js' })
    const sources = [...compiled.map(sourceOf), 'src/cli/main.ts']
    expect(sources.filter((path) => !existsSync(path))).toEqual([])
  })

  it('installs what is missing before it starts or tests', () => {
    expect(project.scripts.start).toMatch(/^sh src\/setup\/install\.sh start && node /)
    expect(project.scripts.test).toMatch(/^sh src\/setup\/install\.sh test && node /)
    expect(project.scripts['test:full']).toMatch(/^sh src\/setup\/install\.sh test && node /)
  })
})

function sourceOf(compiled: string): string {
  return compiled.replace(/^(\.\/)?dist\//, '').replace(/\.d\.ts$|\.js$/, '.ts')
}
