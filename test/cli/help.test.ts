import { describe, expect, it, test } from 'vitest'
import { VERBS } from '../../src/cli/verbs.ts'
import { runchart } from './place.ts'

describe('help', () => {
  it('lists every verb', async () => {
    const { exitCode, stdout, stderr } = await runchart(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const verb of Object.keys(VERBS)) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
  })

  it.for(Object.keys(VERBS))('shows what %s takes, with examples', async (verb) => {
    const [byFlag, byVerb] = await Promise.all([runchart([verb, '--help']), runchart(['help', verb])])
    expect(byFlag.exitCode).toBe(0)
    expect(byFlag.stdout).toContain(`Usage: runchart ${verb}`)
    expect(byFlag.stdout).toMatch(/Examples:\n {2}runchart /)
    expect(byVerb.stdout).toBe(byFlag.stdout)
  })

  it('tells the exit codes of run', async () => {
    const { stdout } = await runchart(['run', '--help'])
    for (const code of ['125', '126', '127', '128 + n']) expect(stdout).toContain(code)
  })
})

test.for([
  [[], ''],
  [['strat', 'web'], 'did you mean start?'],
  [['help', 'nosuch'], "unknown verb 'nosuch'"],
  [['start'], 'missing required argument'],
  [['logs', 'a', 'b'], 'too many arguments'],
  [['ps', '--nosuch'], "unknown option '--nosuch'"],
  [['ps', '--root', '/x'], '--root comes before the verb'],
  [['ps', '--format', 'yaml'], 'Allowed choices are table, json'],
  [['run', '--memory', '12q', 'true'], 'such as 512m'],
  [['run', '--cpus', 'many', 'true'], 'Give a number'],
  [['run', '--pids-limit', '1.5', 'true'], 'whole number'],
  [['stop', '-t', '-1', 'web'], 'not below 0'],
  [['events', '--since', '-3'], 'not below 0'],
  [['serve', '--log-level', 'loud'], 'Allowed choices'],
  [['timeline', '--format', 'png'], 'Allowed choices are svg'],
  [['graph', 'nosuch'], 'Allowed choices are container, exec, health, restart'],
  [['graph', '--format', 'png'], 'Allowed choices are mermaid, svg, dot, json, scxml'],
  [['--root', '', 'ps'], '--root needs a directory'],
  [['--cgroup-manager', 'cgroups', 'ps'], 'Allowed choices are cgroupfs, systemd'],
  [['ps', '--cgroup-manager', 'systemd'], '--cgroup-manager comes before the verb'],
  [['--monitor-lost', 'ignore', 'ps'], 'Allowed choices are kill, keep'],
  [['ps', '--monitor-lost', 'keep'], '--monitor-lost comes before the verb'],
  [['--log-size-max', '-2', 'ps'], 'whole number'],
  [['run', '--reserve-port', '80/icmp', 'true'], '[IP:]PORT'],
] as const)('%j is a usage error: 125, and nothing on stdout', async ([args, message]) => {
  const { exitCode, stdout, stderr } = await runchart(args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
  expect(stderr).toContain(message)
  if (args.length > 0) expect(stderr).toMatch(/^runchart: .+\nhint: .+\n$/)
})

test('the version is told without an owner', async () => {
  const [short, long] = await Promise.all([
    runchart(['--version']),
    runchart(['--run-root', '/nonexistent/run', 'version', '--format', 'json']),
  ])
  expect(short.stdout).toMatch(/^\d+\.\d+\.\d+/)
  expect(JSON.parse(long.stdout)).toEqual({
    version: short.stdout.trim(),
    node: process.version,
    owner: null,
  })
})
