import { expect, it } from 'vitest'
import { RunchartError } from '../../effects/errors.ts'
import { printable } from '../../effects/printable.ts'

it.each([
  ['colours', '\u001b[1;31mred\u001b[0m', 'red'],
  ['a window title', '\u001b]0;title\u0007text', 'text'],
  ['a link', '\u001b]8;;http://x/\u001b\\text', 'text'],
  ['a cleared screen', '\u001b[2J\u001b[1;1Htext', 'text'],
  ['another set of characters', '\u001b(Btext', 'text'],
  ['a command in one character', 'a\u009bb', 'a\\u{9b}b'],
  ['a line of its own', 'a\nhint: b', 'a\\u{a}hint: b'],
  ['text from right to left', 'a\u202eb', 'a\\u{202e}b'],
  ['a zero', 'a\u0000b', 'a\\u{0}b'],
  ['a tab', 'a\tb', 'a b'],
  ['what was no UTF-8', Buffer.of(0x61, 0xff).toString('utf8'), 'a\ufffd'],
  ['letters of any script', 'é漢', 'é漢'],
])('%s', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
  expect(printable(shown)).toBe(shown)
})

it('is what an error says', () => {
  const error = new RunchartError('ETEST', 'a\u001b[31mb', { hint: 'c\u0007' })
  expect([error.message, error.hint]).toEqual(['ab', 'c\\u{7}'])
})
