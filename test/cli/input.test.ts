import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { CreationFlags } from '../../src/cli/input/creation.ts'
import { parseDuration, parseProbe, toHealthOptions } from '../../src/cli/input/health.ts'
import { parsePort, toMonitorOptions } from '../../src/cli/input/monitor.ts'
import { collectStage } from '../../src/cli/input/stop.ts'
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

test.for([
  ['5', 5],
  ['0.5', 0.5],
  ['30s', 30],
  ['1m30s', 90],
  ['500ms', 0.5],
  ['1h', 3600],
] as const)('%s of time', ([text, seconds]) => {
  expect(parseDuration(text)).toBe(seconds)
})

test.for(['', 's', '-1s', '5x', '1 s', '1e3'])('%j is no time', (text) => {
  expect(() => parseDuration(text)).toThrow('30s')
})

test('a probe is a line for sh, or words, or none', () => {
  expect(parseProbe('test -e /x')).toEqual(['/bin/sh', '-c', 'test -e /x'])
  expect(parseProbe('["test", "-e", "/x"]')).toEqual(['test', '-e', '/x'])
  expect(parseProbe('none')).toEqual([])
  for (const text of ['[', '[]', '[1]']) expect(() => parseProbe(text)).toThrow('JSON array')
  expect(toHealthOptions({ healthCmd: ['true'], healthInterval: 5 }).healthCheck).toMatchObject({
    interval: 5,
  })
  expect(toHealthOptions({ healthCmd: [] })).toEqual({})
  expect(() => toHealthOptions({ healthInterval: 5 })).toThrow('no command')
})

test('stages of a stop are collected in their order', () => {
  const stages = collectStage('2:0.5', collectStage('SIGINT:30'))
  expect(stages).toEqual([
    { signal: 'SIGINT', grace: 30 },
    { signal: '2', grace: 0.5 },
  ])
  for (const text of ['SIGINT', ':5', 'SIGINT:', 'SIGINT:x'])
    expect(() => collectStage(text)).toThrow('SIGINT:5')
})

test('numbers', () => {
  expect([parseNumber('0'), parseNumber('1.5'), parseNumber('.5'), parseCount('7')]).toEqual([0, 1.5, 0.5, 7])
  expect(() => parseCount('99999999999999999999')).toThrow()
})

test('a variable without a value takes its own, and is left out where there is none', () => {
  expect(resolveEnv(['A=1', 'B', 'C', 'D='], { B: 'two', A: 'other' })).toEqual(['A=1', 'B=two', 'D='])
})

test('a background owner gets absolute directories and a small environment', () => {
  const globals = {
    root: '/r',
    runRoot: '/n',
    runtime: 'crun',
    conmon: undefined,
    embedded: false,
    creation: {},
  }
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

test('a background owner creates containers as it was said', () => {
  const creation: CreationFlags = {
    ...{ logSizeMax: -1, noPivot: true, reservePorts: true },
    cgroupManager: 'systemd',
    monitorLost: 'keep',
  }
  const globals = { root: '/r', runRoot: '/n', runtime: undefined, conmon: undefined, embedded: false }
  const argv = backgroundArgv('/m.ts', { ...globals, creation })
  expect(argv.slice(5, -2)).toEqual([
    ...['--cgroup-manager', 'systemd', '--log-size-max', '-1', '--no-pivot', '--reserve-ports'],
    ...['--monitor-lost', 'keep'],
  ])
})

test.for([
  ['80', { protocol: 'tcp', hostPort: 80 }],
  ['80/udp', { protocol: 'udp', hostPort: 80 }],
  ['127.0.0.1:80', { protocol: 'tcp', hostPort: 80, hostIp: '127.0.0.1' }],
  ['[::1]:80/UDP', { protocol: 'udp', hostPort: 80, hostIp: '::1' }],
  ['9/sctp', { protocol: 'sctp', hostPort: 9 }],
] as const)('%s is a port', ([text, port]) => {
  expect(parsePort(text)).toEqual(port)
})

test.for(['', 'http', ':80', '80/icmp', '::1:80', '1:2:3', '80/', '[::1]80', '-1'])(
  '%j is no port',
  (text) => {
    expect(() => parsePort(text)).toThrow('127.0.0.1:80/tcp')
  },
)

test('flags of a monitor, as the engine takes them', () => {
  const port = parsePort('80')
  const flags = { reservePort: [port], exitCommand: './note', exitCommandArg: ['a', ''], conmonPidfile: 'p' }
  expect(toMonitorOptions(flags)).toEqual({
    ports: [port],
    reservePorts: true,
    exitCommand: [resolve('note'), 'a', ''],
    conmonPidFile: resolve('p'),
  })
  expect(toMonitorOptions({ exitCommand: 'note' }).exitCommand).toEqual(['note'])
  expect(() => toMonitorOptions({ exitCommandArg: ['a'] })).toThrow('--exit-command')
})
