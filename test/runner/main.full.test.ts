import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'

const HEAD = "import { it } from 'vitest'\n"

let project: TemporaryDirectory

beforeEach(async () => {
  project = await temporaryDirectory()
  await symlink(resolve('node_modules'), join(project.path, 'node_modules'))
  await mkdir(join(project.path, 'docs'))
  onTestFinished(async () => project[Symbol.asyncDispose]())
})

/** Runs the fast suite of a project that has one test file, as `npm test` does. */
async function run(test: string, env: Record<string, string> = {}) {
  await writeFile(join(project.path, 'a.test.ts'), HEAD + test)
  const { exitCode, stdout } = await execa(process.execPath, [resolve('test/run/main.ts'), 'fast'], {
    cwd: project.path,
    env: { CI: '', ...env },
    reject: false,
    stdin: 'ignore',
  })
  return { exitCode, stdout, lastLine: stdout.split('\n').at(-1) }
}

describe('a run of the tests', () => {
  it('ends with a line that counts them and the leftover check', async () => {
    expect(await run("it('passes', () => {})")).toMatchObject({
      exitCode: 0,
      lastLine: '2 passed, 0 failed, 0 skipped',
    })
  })

  it('fails with a failed test', async () => {
    expect(await run("it('fails', () => { throw new Error('no') })")).toMatchObject({
      exitCode: 1,
      lastLine: '1 passed, 1 failed, 0 skipped',
    })
  })

  it('fails where a test leaves a directory behind, and names it', async () => {
    const { exitCode, lastLine, stdout } = await run(`
      import { mkdtempSync } from 'node:fs'
      it('forgets', () => mkdtempSync('/tmp/runchart-test-' + process.env.RUNCHART_TEST_RUN + '-'))
    `)
    const left = /^left behind: directory (?<path>\/tmp\/runchart-test-\w+-\w+)$/m.exec(stdout)?.groups?.path
    if (left !== undefined) await rm(left, { recursive: true })
    expect(left).toBeDefined()
    expect({ exitCode, lastLine }).toEqual({ exitCode: 1, lastLine: '1 passed, 1 failed, 0 skipped' })
  })

  it('fails where no test was run', async () => {
    expect(await run("it.skip('sleeps', () => {})")).toMatchObject({
      exitCode: 1,
      lastLine: '1 passed, 1 failed, 1 skipped',
    })
  })

  it('fails where an error was thrown outside of all tests', async () => {
    const { exitCode, lastLine } = await run(`
      it('passes', () => { setTimeout(() => { throw new Error('late') }, 0) })
      it('waits', () => new Promise((done) => setTimeout(done, 100)))
    `)
    expect({ exitCode, lastLine }).toEqual({ exitCode: 1, lastLine: '3 passed, 1 failed, 0 skipped' })
  })

  it('fails where a file cannot be loaded', async () => {
    expect(await run("import './absent.ts'")).toMatchObject({ exitCode: 1 })
  })
})

describe('a skipped test', () => {
  const test = "it('passes', () => {}); it.skip('sleeps', () => {})"

  it('is told of', async () => {
    const { stdout, lastLine, exitCode } = await run(test)
    expect(stdout).toContain('skipped: sleeps (docs/testing.md does not list it)')
    expect({ exitCode, lastLine }).toEqual({ exitCode: 0, lastLine: '2 passed, 0 failed, 1 skipped' })
  })

  it('fails in continuous integration', async () => {
    expect(await run(test, { CI: 'true' })).toMatchObject({
      exitCode: 1,
      lastLine: '2 passed, 1 failed, 0 skipped',
    })
  })

  it('is let through there where docs/testing.md lists it with its reason', async () => {
    const table = '## Tests that may be skipped\n\n| Test | Reason |\n|---|---|\n| sleeps | tired |\n'
    await writeFile(join(project.path, 'docs/testing.md'), table)
    const { stdout, lastLine, exitCode } = await run(test, { CI: 'true' })
    expect(stdout).toContain('skipped: sleeps: tired')
    expect({ exitCode, lastLine }).toEqual({ exitCode: 0, lastLine: '2 passed, 0 failed, 1 skipped' })
  })
})

describe('the sum of all suites', () => {
  it('counts a suite that left no report as failed', async () => {
    await run("it('passes', () => {})")
    const summary = (...suites: string[]) =>
      execa(process.execPath, [resolve('test/run/summary.ts'), ...suites], {
        cwd: project.path,
        reject: false,
      })
    expect(await summary('fast')).toMatchObject({ exitCode: 0, stdout: '2 passed, 0 failed, 0 skipped' })
    const { exitCode, stdout } = await summary('fast', 'full')
    expect(exitCode).toBe(1)
    expect(stdout.split('\n').at(-1)).toMatch(/^2 passed, [1-9] failed, 0 skipped$/)
  })

  it('is what .ci/run ends with', async () => {
    expect(await readFile('.ci/run', 'utf8')).toContain('node test/run/summary.ts fast full')
  })
})
