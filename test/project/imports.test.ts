import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findCycle, type Import, importsIn, importsOf, loadedBy, roomOf } from './import-graph.ts'

const imports = await importsOf('src', 'machines', 'effects')

/** As a failure shows it. */
function told({ from, to }: Import): string {
  return `${from} → ${to}`
}

function within(folder: string): (entry: Import) => boolean {
  return ({ from }) => from.startsWith(`${folder}/`)
}

describe('machines', () => {
  it('import xstate and each other, nothing else', () => {
    const others = imports
      .filter(within('machines'))
      .filter(({ to, local }) => (local ? !to.startsWith('machines/') : to !== 'xstate'))
    expect(others.map(told)).toEqual([])
  })
})

describe('effects', () => {
  it('import no machine and nothing from src/', () => {
    const others = imports
      .filter(within('effects'))
      .filter(({ to, local }) => (local ? !to.startsWith('effects/') : to === 'xstate'))
    expect(others.map(told)).toEqual([])
  })
})

describe('src', () => {
  it('imports from src, machines and effects, never from a test', () => {
    const others = imports
      .filter(within('src'))
      .filter(({ to, local }) => local && !/^(src|machines|effects)\//.test(to))
    expect(others.map(told)).toEqual([])
  })

  it('imports the command line nowhere but in the command line', () => {
    const others = imports.filter(({ from, to }) => to.startsWith('src/cli/') && !from.startsWith('src/cli/'))
    expect(others.map(told)).toEqual([])
  })
})

describe('the command line', () => {
  const main = 'src/cli/main.ts'
  const heavy = ['xstate', 'fastify', 'chokidar', 'typebox', 'node:sqlite']

  it.runIf(existsSync(main))('starts fast: what an engine needs is not loaded by a client of one', () => {
    const loaded = loadedBy(main, imports)
    expect(heavy.filter((name) => loaded.has(name))).toEqual([])
  })
})

describe('imports', () => {
  it('never run in a circle from room to room', () => {
    const arrows = imports
      .filter(({ local }) => local)
      .map(({ from, to }) => [roomOf(from), roomOf(to)] as const)
      .filter(([from, to]) => from !== to)
    expect(findCycle(arrows)).toBeUndefined()
  })

  it('never run in a circle from file to file, where something is loaded', () => {
    const arrows = imports
      .filter(({ local, typeOnly, dynamic }) => local && !typeOnly && !dynamic)
      .map(({ from, to }) => [from, to] as const)
    expect(findCycle(arrows)).toBeUndefined()
  })
})

describe('these tests', () => {
  it('see every form of import', () => {
    const text = [
      "import a from 'a'",
      "import type { B } from '@s/b/sub'",
      'import {',
      '  c,',
      "} from './c.ts'",
      "export * from '../d.ts'",
      "import 'node:fs'",
      "const e = await import('./e.ts')",
    ].join('\n')
    const found = importsIn({ path: 'src/x/y.ts', text })
    expect(found.map(({ to }) => to)).toEqual([
      'a',
      '@s/b',
      'src/x/c.ts',
      'src/d.ts',
      'node:fs',
      'src/x/e.ts',
    ])
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ to }) => to)).toEqual(['@s/b'])
    expect(found.filter(({ dynamic }) => dynamic).map(({ to }) => to)).toEqual(['src/x/e.ts'])
  })

  it('find a circle', () => {
    const circle = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'b'],
    ] as const
    expect(findCycle(circle)).toEqual(['b', 'c', 'b'])
    expect(findCycle(circle.slice(0, 2))).toBeUndefined()
  })
})
