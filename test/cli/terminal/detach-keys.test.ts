import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDetachScanner, parseDetachKeys } from '../../../src/cli/terminal/detach-keys.ts'

/** Types chunks, up to the one that detaches. */
function type(
  keys: readonly number[],
  chunks: readonly Uint8Array[],
): { passed: number[]; detached: boolean } {
  const scanner = createDetachScanner(keys)
  const passed: number[] = []
  for (const chunk of chunks) {
    const { data, detached } = scanner.push(Buffer.from(chunk))
    passed.push(...data)
    if (detached) return { passed, detached }
  }
  return { passed, detached: false }
}

describe('detach keys', () => {
  test.each(
    [
      ['ctrl-p,ctrl-q', [16, 17]],
      ['ctrl-a,d', [1, 100]],
      ['CTRL-A', [1]],
      ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
      ['a', [97]],
      ['', []],
    ].map(([text, bytes]) => [text as string, bytes as number[]] as const),
  )('%j are the bytes %j', (text, bytes) => {
    expect(parseDetachKeys(text)).toEqual(bytes)
  })

  test.each(['ctrl-', 'ctrl-1', 'ctrl-pp', 'ab', 'é', ' ', ',', 'a,', 'ctrl-p,,ctrl-q', 'alt-x'])(
    '%j is refused with what may be given',
    (text) => {
      expect(() => parseDetachKeys(text)).toThrow(/ctrl-/)
    },
  )

  const key = fc.constantFrom(1, 2, 3)
  const chunks = fc.array(fc.uint8Array({ min: 1, max: 3, maxLength: 5 }), { maxLength: 12 })

  test('are found wherever they are typed, also when typed in pieces, and nothing before them is lost', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), chunks, (keys, typed) => {
        const all = typed.flatMap((chunk) => [...chunk])
        const at = all.findIndex((_, index) => keys.every((each, offset) => all[index + offset] === each))
        const { passed, detached } = type(keys, typed)
        expect(detached).toBe(at >= 0)
        if (detached) expect(passed).toEqual(all.slice(0, at))
        else expect(all.slice(0, passed.length)).toEqual(passed)
      }),
    )
  })

  test('hold back only what may be their beginning', () => {
    const keys = parseDetachKeys('ctrl-p,ctrl-q')
    expect(type(keys, [Buffer.from('ab\x10')])).toEqual({ passed: [97, 98], detached: false })
    expect(type(keys, [Buffer.from('ab\x10'), Buffer.from('c')])).toEqual({
      passed: [97, 98, 16, 99],
      detached: false,
    })
    expect(type(keys, [Buffer.from('\x10\x10\x11x')])).toEqual({ passed: [16], detached: true })
  })

  test('that are none let everything through', () => {
    expect(type([], [Buffer.from('\x10\x11')])).toEqual({ passed: [16, 17], detached: false })
  })
})
