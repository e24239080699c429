import { describe, expect, it } from 'vitest'
import { readSources } from './tree.ts'

const SELF = 'test/project/text.test.ts'

const texts = await readSources((path) => path !== SELF)
const code = texts.filter(({ path }) => path.endsWith('.ts'))

/** `path: line` of each line that matches. */
function linesLike(pattern: RegExp, sources = texts): string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  )
}

describe('the text of the project', () => {
  it("names no directory of somebody's machine", () => {
    expect(linesLike(/(^|[\s'"`(=])\/(work|root|Users|mnt)\/\w/)).toEqual([])
  })

  it('names no package registry', () => {
    expect(
      linesLike(/registry\.[a-z]|[a-z]\.registry\b|npmjs\.(org|com)|https?:\/\/[^\s)]*registry/i),
    ).toEqual([])
  })

  it('has no debugger statement, focused test or merge conflict left in it', () => {
    expect(linesLike(/^\s*debugger\b|\b(it|test|describe)\.only\(|^<{7} |^>{7} /)).toEqual([])
  })
})

describe('the code', () => {
  it('is erasable TypeScript: Node runs it as it is', () => {
    expect(linesLike(/^\s*(export\s+)?(declare\s+)?((const\s+)?enum|namespace)\s+\w+\s*\{/, code)).toEqual([])
  })

  it('leaves out of src what Node 22 cannot read', () => {
    const product = code.filter(({ path }) => !path.startsWith('test/'))
    expect(
      linesLike(
        /^\s*(await\s+)?using\s+\w+\s*=/,
        product.filter(({ path }) => !path.startsWith('docs/')),
      ),
    ).toEqual([])
  })
})
