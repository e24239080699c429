import { describe, expect, it } from 'vitest'
import { hasLabels, MAX_LABELS_SIZE, validateLabels } from '../../src/spec/labels.ts'

describe('labels', () => {
  it('are a copy of what was given', () => {
    const given = { 'com.example.tier': 'web', empty: '', text: 'α = β\n' }
    const taken = validateLabels(given)
    given.empty = 'changed'
    expect(taken).toEqual({ 'com.example.tier': 'web', empty: '', text: 'α = β\n' })
  })

  it.each([
    ['an empty name', { '': 'x' }, 'its name is empty'],
    ['a name with =', { 'a=b': 'x' }, 'a character that it cannot have'],
    ['a name with a space', { 'a b': 'x' }, 'a character that it cannot have'],
    ['a name that is not ASCII', { ä: 'x' }, 'a character that it cannot have'],
    ['a name of 257 characters', { ['a'.repeat(257)]: 'x' }, '257 characters'],
    ['a value that is no text', { a: 1 as unknown as string }, 'no string but 1'],
    ['a NUL byte', { a: 'b\0' }, 'a NUL byte'],
    ['an array', ['a'] as unknown as Record<string, string>, 'invalid labels'],
    ['null', null as unknown as Record<string, string>, 'invalid labels'],
    ['too much', { a: 'x'.repeat(MAX_LABELS_SIZE) }, 'labels of 16385 bytes are more than 16384'],
  ])('are refused with %s', (_, labels, words) => {
    expect(() => validateLabels(labels)).toThrow(words)
  })

  it('may be 16 KiB in all', () => {
    expect(validateLabels({ a: 'x'.repeat(MAX_LABELS_SIZE - 1) })).toBeDefined()
  })

  it.each([
    [[], true],
    [['tier'], true],
    [['tier=web'], true],
    [['tier=web', 'x='], true],
    [['tier=we'], false],
    [['tier='], false],
    [['x'], true],
    [['y'], false],
    [['tier=web', 'y'], false],
    [['toString'], false],
    [['sum=1=1'], true],
  ])('with %j wanted: %s', (wanted, expected) => {
    expect(hasLabels({ tier: 'web', x: '', sum: '1=1' }, wanted)).toBe(expected)
  })
})
