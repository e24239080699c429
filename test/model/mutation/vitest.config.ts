import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'
import type { Mutant } from './mutants.ts'

/** The tests of a chart run on a mutant of it, which is never on disk. */
const { file, start, end, text } = JSON.parse(process.env.RUNCHART_MUTANT ?? '{}') as Mutant
const path = resolve(import.meta.dirname, '../../..', file)

const mutant: Plugin = {
  name: 'mutant',
  enforce: 'pre',
  load(id) {
    if (id.split('?')[0] !== path) return null
    const source = readFileSync(path, 'utf8')
    return source.slice(0, start) + text + source.slice(end)
  },
}

export default defineConfig({
  root: resolve(import.meta.dirname, '../../..'),
  plugins: [mutant],
  test: {
    include: ['test/machines/**/*.test.ts', 'test/model/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    testTimeout: 20_000,
    silent: true,
    // It knows a module by its path alone, whatever a plugin makes of it.
    fsModuleCache: false,
    reporters: ['dot'],
  },
})
