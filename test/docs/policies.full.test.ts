import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeRootfs } from '../fixtures/rootfs.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')
const text = readFileSync(join(repository, 'docs/policies.md'), 'utf8')

/** Runs the program under a heading, in a place of its own, and gives what it prints. */
async function output(heading: string): Promise<string[]> {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  const program = /^```js\n(.*?)^```/ms.exec(section)?.[1] ?? ''
  await using directory = await temporaryDirectory()
  const { path } = directory
  await makeRootfs(path)
  const here = program
    .replace("'runchart'", JSON.stringify(join(repository, 'src/index.ts')))
    .replaceAll('/tmp/policies/', `${path}/`)
  writeFileSync(join(path, 'program.mjs'), here)
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: path })
  return stdout.trim().split('\n')
}

test('the program that restarts a container', { timeout: 120_000 }, async () => {
  expect(await output('Restart')).toEqual(['restart 1', 'running 1', 'stopped-by-user'])
})

test('the program that asks for health', { timeout: 120_000 }, async () => {
  expect(await output('Health')).toEqual(['healthy', 'healthy 0'])
})

test('the program that stops a container in stages', { timeout: 120_000 }, async () => {
  expect(await output('Staged stop')).toEqual(['SIGINT SIGTERM 5 stopped-by-user'])
})

test('the program that takes a container from a pool', { timeout: 120_000 }, async () => {
  expect(await output('Warm pool')).toEqual(['2 2', '7 1'])
})
