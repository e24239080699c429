import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { startScopeArgv } from '../../../effects/cgroup/scope.ts'
import { type ConmonOptions, conmonArgv } from '../../../effects/conmon/argv.ts'
import { runPaths } from '../../../effects/conmon/paths.ts'
import { RunchartError } from '../../../effects/errors.ts'
import { execArgv, execSpecArgv } from '../../../effects/exec/argv.ts'
import { execConmonArgv } from '../../../effects/exec/conmon-argv.ts'
import { slirpArgv } from '../../../effects/network/slirp.ts'
import { type RuntimeVerb, runtimeArgv } from '../../../effects/runtime/argv.ts'
import { asBusctl, asConmon, asRuntime } from './command-lines.ts'
import { hostileText } from './mutations.ts'
import { claim, holdsForAll, outcomeOf } from './property.ts'

/** What would be a flag anywhere else. */
const flag = fc.constantFrom(
  ...[
    '-',
    '--',
    '-h',
    '--help',
    '--version',
    '--root',
    '--root=/',
    '-b',
    '-rf',
    '--exit-command',
    '-e',
    '--criu=/x',
  ],
  ...[
    '--log-level',
    'trace',
    '--restore',
    '-Hroot@host',
    '--exec',
    '-s',
    '--runtime-arg',
    '; id',
    '$(id)',
    '`id`',
  ],
)
const word = fc.oneof(flag, hostileText)
const words = fc.array(word, { maxLength: 4 })
const id = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('web', 'f'.repeat(32), 'a.b-c_d') },
  { weight: 1, arbitrary: word },
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

/** Whether it is refused as input, which it may be where an id, a command or a path is none. */
function isRefused(result: unknown): result is Error {
  if (!(result instanceof Error)) return false
  claim(
    result instanceof RunchartError && result.code === 'EINPUT',
    `it is refused as input: ${result.message}`,
  )
  return true
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
const valuesOf = (flags: readonly (readonly [string, unknown])[], name: string): unknown[] =>
  flags.filter(([each]) => each === name).map(([, value]) => value)

const conmonOptions: fc.Arbitrary<ConmonOptions> = fc.record({
  ...{
    conmonPath: word,
    runtimePath: word,
    runtimeRoot: word,
    id,
    bundle: word,
    runDir: word,
    logPath: word,
  },
  ...{ exitsDir: word, socketsDir: word, terminal: fc.boolean(), stdin: fc.boolean(), logLevel: maybe(word) },
  ...{ exitCommand: maybe(words), noPivot: fc.boolean(), systemdCgroup: fc.boolean() },
  restore: maybe(fc.record({ imagePath: word, tcpEstablished: fc.boolean(), criuPath: maybe(word) })),
  preserveFds: fc.constantFrom([], [7, 8]),
})

const execOptions = fc.record({
  ...{
    conmonPath: word,
    runtimePath: word,
    runtimeRoot: word,
    containerId: id,
    sessionId: id,
    sessionDir: word,
  },
  ...{ socketsDir: word, command: words, cwd: maybe(word), env: words, capabilities: words },
  user: maybe(fc.record({ uid: fc.nat(), gid: fc.nat() })),
  ...{ tty: fc.boolean(), stdin: fc.boolean(), noNewPrivileges: fc.boolean(), attach: fc.boolean() },
  preserveFds: fc.constantFrom([], [7, 8]),
})

describe('no argument becomes a flag', () => {
  test('of conmon: each of its values is where a flag takes one, and nothing is left over', () => {
    holdsForAll({
      input: 'hostile values for conmon',
      held: 'each is a value, none a flag',
      cases: conmonOptions,
      check(options) {
        const args = outcomeOf(() => conmonArgv(options))
        if (isRefused(args)) return 'refused'
        const { flags, rest } = asConmon(args as string[])
        claim(rest.length === 0, 'nothing is left over')
        const { restore, exitCommand = [] } = options
        const once = [
          ...([
            ['-c', options.id],
            ['-u', options.id],
            ['-r', options.runtimePath],
            ['-b', options.bundle],
          ] as const),
          ...([
            ['--exit-dir', options.exitsDir],
            ['--socket-dir-path', options.socketsDir],
          ] as const),
          ...([
            ['--persist-dir', options.runDir],
            ['-l', `k8s-file:${options.logPath}`],
          ] as const),
        ]
        for (const [name, value] of once) claim(same(valuesOf(flags, name), [value]), `${name} has its value`)
        const [program, ...others] = exitCommand
        claim(
          same(valuesOf(flags, '--exit-command'), program === undefined ? [] : [program]),
          'the exit command',
        )
        claim(same(valuesOf(flags, '--exit-command-arg'), others), 'and its arguments')
        claim(
          same(valuesOf(flags, '--restore'), restore === undefined ? [] : [restore.imagePath]),
          'the image',
        )
        claim(
          same(valuesOf(flags, '--runtime-arg').slice(-6), runtimeFlags(options)),
          'and what the runtime is told',
        )
        return 'taken'
      },
    })
  })

  test('of conmon that watches a command: the command itself is not among its arguments', () => {
    holdsForAll({
      input: 'hostile values for an exec’s conmon',
      held: 'each is a value, none a flag',
      cases: execOptions,
      check(options) {
        const args = outcomeOf(() => execConmonArgv(options))
        if (isRefused(args)) return 'refused'
        const { flags, rest } = asConmon(args as string[])
        claim(rest.length === 0, 'nothing is left over')
        claim(same(valuesOf(flags, '-c'), [options.containerId]), 'the container')
        claim(same(valuesOf(flags, '-u'), [options.sessionId]), 'the session')
        claim(
          same(valuesOf(flags, '--exec-process-spec'), [`${options.sessionDir}/process.json`]),
          'its process',
        )
        claim(valuesOf(flags, '-e').length === 1, 'said once, by us')
        return 'taken'
      },
    })
  })

  test('of a runtime: what follows the container is the command, word for word', () => {
    holdsForAll({
      input: 'hostile command of an exec',
      held: 'the command word for word, none of it a flag',
      cases: execOptions,
      check(options) {
        const args = outcomeOf(() => execArgv(options))
        if (isRefused(args)) return 'refused'
        const { global, verb, own } = asRuntime(args as string[])
        claim(verb === 'exec', 'the verb')
        claim(same(own.rest, [options.containerId, ...options.command]), 'the command is whole')
        claim(same(valuesOf(global.flags, '--root'), [options.runtimeRoot]), 'the root')
        claim(same(valuesOf(own.flags, '--env'), options.env), 'the environment')
        claim(same(valuesOf(own.flags, '--cap'), options.capabilities), 'the capabilities')
        claim(
          same(valuesOf(own.flags, '--cwd'), options.cwd === undefined ? [] : [options.cwd]),
          'the directory',
        )
        claim(
          valuesOf(own.flags, '--help').length + valuesOf(own.flags, '--detach').length === 0,
          'nothing else',
        )
        const bySpec = asRuntime(execSpecArgv(options, '/spec'))
        claim(same(bySpec.own.rest, [options.containerId]), 'nor is it said twice')
        return 'taken'
      },
    })
  })

  test('of a runtime that is told anything else', () => {
    const path = word.map((text) => `/${text}`)
    const verb: fc.Arbitrary<RuntimeVerb> = fc.oneof(
      fc.record({ verb: fc.constantFrom('state', 'start', 'pause', 'resume', 'ps'), id }),
      fc.record({
        verb: fc.constant('kill'),
        id,
        signal: fc.oneof(fc.integer({ min: -3, max: 70 }), fc.double()),
        all: fc.boolean(),
      }),
      fc.record({ verb: fc.constant('delete'), id, force: fc.boolean() }),
      fc.record({
        verb: fc.constant('checkpoint'),
        id,
        imagePath: path,
        workPath: path,
        leaveRunning: fc.boolean(),
        tcpEstablished: fc.boolean(),
      }),
    ) as fc.Arbitrary<RuntimeVerb>
    holdsForAll({
      input: 'hostile values for a runtime',
      held: 'each is a value, none a flag',
      cases: fc.tuple(fc.record({ root: word, logPath: maybe(word), criuPath: maybe(word) }), verb),
      check([flags, asked]) {
        const args = outcomeOf(() => runtimeArgv(flags, asked))
        if (isRefused(args)) return 'refused'
        const { global, verb, own } = asRuntime(args as string[])
        claim(verb === asked.verb, 'the verb')
        claim(same(valuesOf(global.flags, '--root'), [flags.root]), 'the root')
        const signal = asked.verb === 'kill' ? [String(asked.signal)] : []
        claim(same(own.rest, [asked.id, ...signal]), 'the container, and nothing that was not asked for')
        if (asked.verb === 'checkpoint')
          claim(same(valuesOf(own.flags, '--image-path'), [asked.imagePath]), 'the image')
        return 'taken'
      },
    })
  })

  test('of busctl: a slice can be called what it likes', () => {
    const slice = word.map((text) => `${text}.slice`)
    holdsForAll({
      input: 'hostile slice',
      held: 'a value, not a flag',
      cases: fc.record({ scope: fc.constant('runchart-conmon-web.scope'), slice, pid: fc.nat() }),
      check(request) {
        const { flags, rest } = asBusctl(startScopeArgv(request))
        claim(same(flags, [['--quiet', undefined]]), 'no other flag')
        claim(rest.includes(request.slice), 'it is what is asked for')
      },
    })
  })

  test('of slirp4netns, which is told a number alone', () => {
    expect(slirpArgv(42).filter((arg) => !arg.startsWith('--') && !/^(\d+|tap0)$/.test(arg))).toEqual([])
  })
})

function runtimeFlags({ runtimeRoot, runDir }: ConmonOptions): string[] {
  return ['--root', runtimeRoot, '--log', runPaths(runDir).runtimeLog, '--log-format', 'json']
}
