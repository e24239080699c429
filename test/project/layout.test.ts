import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectFiles } from './tree.ts'

const TOP_LEVEL = [
  '.ci',
  '.gitignore',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'docs',
  'effects',
  'machines',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
]

const FILES_IN_A_FOLDER = 12

const files = await projectFiles()

describe('the project', () => {
  it('has at its top the rooms, and what tools insist on', () => {
    const names = new Set(files.map((path) => path.split('/')[0]))
    expect([...names].filter((name) => !TOP_LEVEL.includes(name ?? ''))).toEqual([])
  })

  it('has all of them', () => {
    const names = new Set(files.map((path) => path.split('/')[0]))
    expect(TOP_LEVEL.filter((name) => !names.has(name))).toEqual([])
  })

  it(`has at most ${FILES_IN_A_FOLDER} files in a folder below it`, () => {
    const folders = Map.groupBy(files, dirname)
    folders.delete('.')
    const crowded = [...folders].filter(([, inside]) => inside.length > FILES_IN_A_FOLDER)
    expect(crowded.map(([folder, inside]) => `${folder}: ${inside.length}`)).toEqual([])
  })

  it('keeps its tests in test/', () => {
    expect(files.filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/'))).toEqual([])
  })
})
