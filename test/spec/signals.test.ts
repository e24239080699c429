import { constants } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { parseSignal, signalName } from '../../src/spec/signals.ts'

describe('a signal', () => {
  it.each([
    ['SIGTERM', 15],
    ['TERM', 15],
    ['term', 15],
    ['sigterm', 15],
    ['15', 15],
    [15, 15],
    ['KILL', 9],
    ['SIGRTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['rtmin+3', 37],
    ['SIGRTMAX', 64],
    ['RTMAX-1', 63],
    [64, 64],
  ])('%j is %i', (input, number) => {
    expect(parseSignal(input)).toBe(number)
  })

  it.each([
    '',
    'SIG',
    'SIGNOPE',
    '0',
    0,
    -1,
    '-9',
    65,
    '65',
    1.5,
    Number.NaN,
    ' 9',
    '9 ',
    '0x9',
    '015',
    'RTMIN+31',
    'RTMAX-31',
    'RTMIN-1',
    '__proto__',
    'SIGTERM\0',
  ])('%j is refused', (input) => expect(() => parseSignal(input)).toThrow(InvalidInputError))

  it('that is unknown is refused with a list of those that are known', () => {
    expect(() => parseSignal('NOPE')).toThrow('unknown signal "NOPE"')
    expect(() => parseSignal('NOPE')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/SIGRTMIN\+n.*SIGHUP, SIGINT/) }),
    )
  })

  it('is found again under the name of its number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), (number) => {
        const name = signalName(number)
        if (name !== null) expect(parseSignal(name)).toBe(number)
      }),
    )
  })

  it.each(Object.entries(constants.signals))('%s is known by the name that Node gives it', (name, number) => {
    expect(parseSignal(name)).toBe(number)
  })
})

describe('the name of a signal', () => {
  it.each([
    [9, 'SIGKILL'],
    [15, 'SIGTERM'],
    [6, 'SIGABRT'],
    [34, 'SIGRTMIN'],
    [37, 'SIGRTMIN+3'],
    [64, 'SIGRTMAX'],
  ])('%i is %s', (number, name) => {
    expect(signalName(number)).toBe(name)
  })

  it.each([0, -1, 32, 33, 65, 1.5])('%d is no signal', (number) => {
    expect(signalName(number)).toBeNull()
  })
})
