import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const repository = join(import.meta.dirname, '../..')
const folder = join(repository, 'test/faults/elsewhere')
const ENDING = '.full.test.ts'

/** The rows of what went wrong elsewhere: a number, and the name of a file of tests. */
const rows = [...section().matchAll(/^\| (\d+) \|.*\| (\w+) \|$/gm)].map(([, number, file]) => ({
  number: Number(number),
  file: file ?? '',
}))

function section(): string {
  const text = readFileSync(join(repository, 'docs/reliability.md'), 'utf8')
  return text.split(/^## /m).find((part) => part.startsWith('What went wrong elsewhere')) ?? ''
}

/** What the tests of the folder are numbered with, and what they put down, file by file. */
const tests = readdirSync(folder)
  .filter((name) => name.endsWith(ENDING))
  .map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return {
      file: name.slice(0, -ENDING.length),
      named: numbers(text, /'failure (\d+): /g),
      recorded: numbers(text, /recordFault\(\s*'(\d+): /g),
      count: text.match(/^test(?:\.each)?\(/gm)?.length,
    }
  })

function numbers(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, number]) => Number(number))
}

const ascending = (some: Iterable<number>): number[] => [...new Set(some)].sort((a, b) => a - b)

test('the failures of other engines have a row each, from 1 to 27', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 27 }, (_, index) => index + 1))
})

test('each row has its tests in the file that it names, and no test is without a row', () => {
  for (const { file, named } of tests) {
    const theirs = rows.filter((row) => row.file === file).map(({ number }) => number)
    expect(ascending(named), file).toEqual(theirs)
  }
  const known = tests.map(({ file }) => file)
  expect(rows.filter(({ file }) => !known.includes(file))).toEqual([])
})

test('every test there has a number, and puts down what it injected under it', () => {
  for (const { file, named, recorded, count } of tests) {
    expect(named, file).toHaveLength(count ?? 0)
    expect(recorded, file).toEqual(named)
  }
})

/** The tests that the other tables name: a name without a folder is in that of the one before it. */
function namedTests(): string[] {
  const text = readFileSync(join(repository, 'docs/reliability.md'), 'utf8')
  const cells = [...text.matchAll(/^\| (?!\d+ |#|Broken|-).* \| ([^|]+) \|$/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => {
    let directory = ''
    return cell.split(', ').map((name) => {
      if (name.startsWith('`')) return name.slice(1, -1)
      const path = name.includes('/') ? name : join(directory, name)
      directory = dirname(path)
      return join('test/faults', path)
    })
  })
}

const isThere = (path: string): boolean =>
  [path, path + ENDING].some((each) => existsSync(join(repository, each)))

test('the tests that the other tables name are there, and none of those folders is without a row', () => {
  const named = namedTests()
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !isThere(path))).toEqual([])
  const all = readdirSync(join(repository, 'test/faults'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ENDING) && !/^(elsewhere|crash|load)\//.test(path))
    .map((path) => join('test/faults', path.slice(0, -ENDING.length)))
  expect(all.filter((path) => !named.some((each) => path === each || path.startsWith(`${each}/`)))).toEqual(
    [],
  )
})
