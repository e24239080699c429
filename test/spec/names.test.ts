import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { newId, validateId, validateName } from '../../src/spec/names.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const head = fc.constantFrom(...LETTERS)
const tail = fc.array(fc.constantFrom(...LETTERS, '_', '.', '-'), { maxLength: 127 })

describe('a name', () => {
  it('may be letters, digits, underscores, dots and dashes after a letter or a digit', () => {
    fc.assert(
      fc.property(head, tail, (first, rest) => {
        const name = first + rest.join('')
        expect(validateName(name)).toBe(name)
      }),
    )
  })

  it('is refused with any other character in it, and the message shows nothing but printable ASCII', () => {
    const strange = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !/^[a-zA-Z0-9_.-]+$/.test(text))
    fc.assert(
      fc.property(fc.array(head), strange, (first, rest) => {
        const error = thrownBy(() => validateName(first.join('') + rest))
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message.replace('…', '')).toMatch(/^[\x20-\x7e]*$/)
      }),
    )
  })

  it('of 128 characters is taken, of 129 refused', () => {
    expect(validateName('a'.repeat(128))).toHaveLength(128)
    expect(() => validateName('a'.repeat(129))).toThrow('129 characters, more than 128')
  })

  it.each([
    ['an empty one', '', 'it is empty'],
    ['a leading dash', '-rf', "starts with '-'"],
    ['a slash', 'a/b', "contains '/'"],
    ['the parent directory', '..', "starts with '.'"],
    ['a leading underscore', '_a', 'character that names cannot have'],
    ['300 characters', 'x'.repeat(300), '300 characters'],
    ['a newline', 'web\n', 'character that names cannot have'],
    ['a terminal escape', 'web\x1b[31m', 'character that names cannot have'],
    ['a NUL byte', 'web\0', 'character that names cannot have'],
    ['a letter outside ASCII', 'wéb', 'character that names cannot have'],
  ])('%s is refused with the reason and a hint', (_, name, reason) => {
    const error = thrownBy(() => validateName(name))
    expect(error).toMatchObject({ code: 'EINPUT', hint: expect.stringContaining('a name is 1 to 128') })
    expect(error.message).toContain(reason)
  })

  it('that is no string at all is refused', () => {
    expect(() => validateName(7 as never)).toThrow('it is not a string')
  })
})

describe('an id', () => {
  it('is 32 lower-case hexadecimal digits', () => {
    const id = newId()
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(validateId(id)).toBe(id)
  })

  it('is another each time', () => {
    expect(new Set(Array.from({ length: 1000 }, newId)).size).toBe(1000)
  })

  it('that could never have come from newId is refused', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/^[0-9a-f]{32}$/.test(text)),
        (text) => {
          expect(() => validateId(text)).toThrow(InvalidInputError)
        },
      ),
    )
  })

  it.each([
    '',
    '-'.repeat(32),
    '../etc',
    'A'.repeat(32),
    'a'.repeat(31),
    'a'.repeat(300),
    `${'a'.repeat(32)}\n`,
  ])('%j is refused', (id) => expect(() => validateId(id)).toThrow('invalid container id'))
})

function thrownBy(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
