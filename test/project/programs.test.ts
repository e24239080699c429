import { describe, expect, it } from 'vitest'
import { importsOf } from './import-graph.ts'
import { readSources, type Source } from './tree.ts'

/** Each starts one kind of program; whoever adds another sees to it that no value becomes a flag. */
const STARTERS = [
  'effects/conmon/spawn.ts',
  'effects/exec/attached.ts',
  'effects/exec/detached.ts',
  'effects/network/slirp.ts',
  'effects/program/child.ts',
  'effects/program/program.ts',
  'src/cli/owner/background.ts',
  'src/cli/terminal/raw-mode.ts',
]

/** What has them in it. */
const PROGRAMS = [
  'effects/program/child.ts',
  ...['node:child_process', 'child_process', 'execa', 'node:worker_threads', 'node:cluster'],
]

const imports = await importsOf('src', 'machines', 'effects')
const SELF = 'test/project/programs.test.ts'
const tests = await readSources((path) => /^(test|docs)\/.*\.ts$/.test(path))
const product = await readSources((path) => /^(src|effects|machines)\/.*\.ts$/.test(path))

/** A shell, by name or by what Node and execa have for one. */
const SHELL =
  /\bshell\s*:|\bexecaCommand|(?:\bexeca|\$)\s*`|(?:['"]|[=(]\s*`)(?:\/\w+)*\/?(?:ba|da|z)?sh(?:\s+-\w*c\b|['"`])/

/** What takes a whole command line instead of words, or a name for all of the module, behind which it might be used. */
const COMMAND_LINE =
  /(?:\{[^}]*\b(?:exec|execSync)\b[^}]*\}|\*\s+as\s+\w+|(?:const|let)\s+\w+)\s*(?:=|from)\s*(?:await\s+import\(|process\.getBuiltinModule\()?['"](?:node:)?child_process/

const STARTS = /\b(?:spawn|spawnSync|execa|execaSync|execFile|execFileSync|fork)\((?!\))/g

/** `path: line` of each line that has it, comments apart. */
function linesLike(pattern: RegExp, sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line) && pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  )
}

/** Calls that start a program and are not given its arguments as a list. */
function withoutList(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(STARTS)]
      .map(({ index }) => text.slice(index, index + 120).replace(/\s+/g, ' '))
      .filter((call) => !/^\w+\([\w.]+, (?:\[|args\b|\w+Argv\()/.test(call))
      .map((call) => `${path}: ${call}`),
  )
}

/** A line that its user writes for the shell of a container of theirs, as in podman: none runs here. */
const IN_THE_CONTAINER = [
  "src/cli/input/health.ts: if (!text.startsWith('[')) return ['/bin/sh', '-c', text]",
]

describe('no value reaches a shell', () => {
  it('for none is run', () => {
    expect(linesLike(SHELL, product)).toEqual(IN_THE_CONTAINER)
    expect(linesLike(COMMAND_LINE, product)).toEqual([])
  })

  it('nor for a test, but in what a container runs', () => {
    const code = tests.filter(({ path }) => path !== SELF)
    expect(linesLike(/\bshell:\s*(true|['"`])/, code)).toEqual([])
    expect(linesLike(/\b(exec|execSync)\b.*from ['"](node:)?child_process/, code)).toEqual([])
    expect(linesLike(/\bexecaCommand\b|\bspawn(Sync)?\(['"](sh|bash|\/bin\/sh)['"]/, code)).toEqual([])
  })

  it('for every program is given a list of words', () => {
    expect(withoutList(product)).toEqual([])
  })

  it('and these alone start programs', () => {
    const starters = imports.filter(({ to, typeOnly }) => !typeOnly && PROGRAMS.includes(to))
    expect([...new Set(starters.map(({ from }) => from))].sort()).toEqual(STARTERS)
  })

  it('nor does an extended environment: nothing is inherited but what is named', () => {
    expect(linesLike(/\benv:\s*process\.env\b|\.\.\.process\.env\b|extendEnv:\s*true/, product)).toEqual([])
  })
})

describe('these tests', () => {
  const source = (text: string): Source[] => [{ path: 'x.ts', text }]

  it.each([
    'spawn(path, args, { shell: isShell })',
    "spawn('sh', ['-c', text])",
    "execa('/bin/bash', args)",
    'await execa`rm -rf /x`',
    'await $`rm -rf /x`',
    "execaCommand('rm -rf ' + path)",
    "const words = 'sh -c true'",
  ])('see a shell in %s', (text) => {
    expect(linesLike(SHELL, source(text))).toHaveLength(1)
  })

  it.each([
    "import { type ChildProcess, exec } from 'node:child_process'",
    "import * as children from 'child_process'",
    "const { execSync } = await import('node:child_process')",
    "const children = process.getBuiltinModule('node:child_process')",
  ])('see what takes a command line in %s', (text) => {
    expect(linesLike(COMMAND_LINE, source(text))).toHaveLength(1)
  })

  it('see a call without a list', () => {
    expect(withoutList(source('spawn(path, words.join(), {})\nexeca(line)'))).toHaveLength(2)
    expect(
      withoutList(source('spawn(path, [one], {})\nspawn(path, args)\nexeca(\n  path,\n  slirpArgv(1))')),
    ).toEqual(['x.ts: execa( path, slirpArgv(1))'])
  })
})
