import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')
const page = readFileSync(join(repository, 'docs/guide/testing-your-program.md'), 'utf8')

/** The code of the page, which imports the package from here. */
const [program = '', tests = ''] = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) =>
  code
    .replaceAll("'runchart/testing'", `'${join(repository, 'src/testing/index.ts')}'`)
    .replaceAll("'runchart'", `'${join(repository, 'src/index.ts')}'`),
)

test('the tests of the page pass as they stand there, without leave to start a process or to write elsewhere', async () => {
  await using directory = await temporaryDirectory()
  writeFileSync(join(directory.path, 'job.ts'), program)
  writeFileSync(join(directory.path, 'job.test.ts'), tests)
  const confined = ['--permission', '--allow-fs-read=*', `--allow-fs-write=${directory.path}`]
  const { stdout } = await run(process.execPath, [...confined, '--test-reporter=tap', 'job.test.ts'], {
    cwd: directory.path,
    env: { TMPDIR: directory.path },
  })
  expect(stdout).toMatch(/^# pass 4$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

test('each verb and method that the page names is there', async () => {
  const { openSimulatedEngine } = await import('../../src/testing/index.ts')
  await using world = await openSimulatedEngine()
  const named = [...page.matchAll(/`world\.(?:(faults)\.)?(\w+)\(/g)]
  expect(named.length).toBeGreaterThan(8)
  for (const [, part, method = ''] of named) {
    const owner = part === undefined ? world : world.faults
    expect(owner).toHaveProperty(method)
  }
})
