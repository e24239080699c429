import { expect, test } from 'vitest'
import { parseCount, parseMemory, parseNumber, resolveEnv } from '../../src/cli/input/values.ts'
import { backgroundArgv, backgroundEnv } from '../../src/cli/owner/background.ts'

test.for([
  ['1', 1],
  ['10b', 10],
  ['4k', 4096],
  ['512m', 512 * 1024 ** 2],
  ['512MB', 512 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['1.5GiB', 1.5 * 1024 ** 3],
] as const)('%s of memory', ([text, bytes]) => {
  expect(parseMemory(text)).toBe(bytes)
})

test.for(['', 'm', '-1m', '1x', '1 2', '0x10', '1e3', 'NaN'])('%j is no memory', (text) => {
  expect(() => parseMemory(text)).toThrow('512m')
})

test.for(['', '-1', '1e3', 'x', 'Infinity', '1,5', '0x1'])('%j is no number', (text) => {
  expect(() => parseNumber(text)).toThrow('Give a number')
  expect(() => parseCount(text)).toThrow('whole number')
})

test('numbers', () => {
  expect([parseNumber('0'), parseNumber('1.5'), parseNumber('.5'), parseCount('7')]).toEqual([0, 1.5, 0.5, 7])
  expect(() => parseCount('99999999999999999999')).toThrow()
})

test('a variable without a value takes its own, and is left out where there is none', () => {
  expect(resolveEnv(['A=1', 'B', 'C', 'D='], { B: 'two', A: 'other' })).toEqual(['A=1', 'B=two', 'D='])
})

test('a background owner gets absolute directories and a small environment', () => {
  const globals = { root: '/r', runRoot: '/n', runtime: 'crun', conmon: undefined, embedded: false }
  const argv = ['/m.ts', '--root', '/r', '--run-root', '/n', '--runtime', 'crun', 'serve', '--background']
  expect(backgroundArgv('/m.ts', globals)).toEqual(argv)
  const own = {
    PATH: '/bin',
    HOME: '/h',
    LANG: 'C',
    RUNCHART_ROOT: '/x',
    XDG_RUNTIME_DIR: '/y',
    LD_PRELOAD: 'evil.so',
    NODE_OPTIONS: '--inspect',
    SECRET: 's',
  }
  const kept = ['PATH', 'HOME', 'LANG', 'RUNCHART_ROOT', 'XDG_RUNTIME_DIR']
  expect(Object.keys(backgroundEnv(own))).toEqual(kept)
})
