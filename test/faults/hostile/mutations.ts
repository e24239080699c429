import fc from 'fast-check'

/** What breaks parsers: separators of every kind, ends of strings, other alphabets, names that JavaScript knows. */
const PIECES = [
  ...['\0', '\n', '\r', '\r\n', ' ', '\t', '\u00a0', '\u2028', '\ufeff', '\u001b[2J', '\x7f', '\u009b'],
  ...[
    '-',
    '--',
    '-1',
    '--root',
    '=',
    '/',
    '//',
    '../',
    '..',
    '.',
    '~',
    '*',
    '$(id)',
    '`id`',
    ';',
    '|',
    '&',
    '>',
  ],
  ...['"', "'", '\\', '\\"', '\\u0000', '{', '}', '[', ']', ',', ':', '{}', '[]', 'null', 'true'],
  ...['0', '00', '1e9', '1e999', '-0', '0x1', '9007199254740993', '4194305', 'NaN', 'Infinity', '٣', '１'],
  ...[
    'é',
    '€',
    '😀',
    '\ud83d',
    'ﬁ',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '"__proto__":{"pid":7}',
  ],
  ...['x'.repeat(40), '\n'.repeat(5), ' stdout F ', ' stderr P ', '\ufffd'],
]

/** One change of a text: what kind, where, how long, and what is put in. */
const change = fc.tuple(
  fc.integer({ min: 0, max: 4 }),
  fc.nat(1_000),
  fc.integer({ min: 1, max: 8 }),
  fc.constantFrom(...PIECES),
)
type Change = readonly [kind: number, at: number, length: number, piece: string]

/** Valid texts, and what comes of them by none to four changes. */
export function mutated(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(valid, fc.array(change, { maxLength: 4 })).map(([text, changes]) => {
    return changes.reduce(changed, text)
  })
}

function changed(text: string, [kind, at, length, piece]: Change): string {
  const from = text.length === 0 ? 0 : at % (text.length + 1)
  const to = Math.min(text.length, from + length)
  switch (kind) {
    case 0:
      return text.slice(0, from) + piece + text.slice(from)
    case 1:
      return text.slice(0, from) + piece + text.slice(to)
    case 2:
      return text.slice(0, from) + text.slice(to)
    case 3:
      return text.slice(0, to) + text.slice(from)
    default:
      return text.slice(0, from)
  }
}

/** Any text: noise, other alphabets and lone surrogates, or one of the pieces that break parsers. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)

/** Bytes cut into chunks at the places that `cuts` gives, none of them lost; some of the chunks may be empty. */
export function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end))
}

/** Where bytes are cut. */
export const cuts: fc.Arbitrary<number[]> = fc.array(fc.nat(2_000), { maxLength: 12 })
