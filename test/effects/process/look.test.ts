import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

const EFFECTS = join(import.meta.dirname, '../../../effects')

/** Asks with no descriptor left; the answers are what each throws. */
const PROGRAM = `
  import { openSync } from 'node:fs'
  import { readExitFile } from ${JSON.stringify(join(EFFECTS, 'exits/file.ts'))}
  import { findMonitor } from ${JSON.stringify(join(EFFECTS, 'conmon/monitor.ts'))}
  import { identifyProcess, isSameProcess } from ${JSON.stringify(join(EFFECTS, 'process/identity.ts'))}
  const [directory] = process.argv.slice(1)
  const myself = identifyProcess(process.pid)
  const answer = (ask) => {
    try { return ask() ?? 'nothing' } catch (error) { return error.code }
  }
  try { for (;;) openSync('/dev/null', 'r') } catch {}
  const answers = [
    () => isSameProcess(myself),
    () => identifyProcess(process.pid),
    () => findMonitor(directory),
    () => readExitFile(directory, 'c1'),
  ].map(answer)
  console.log(answers.join(' '))
`

test('a process that cannot look takes nobody for dead, and no exit file for a false one', async () => {
  await using directory = await temporaryDirectory()
  for (const name of ['c1', 'conmon.pid']) writeFileSync(join(directory.path, name), '1')
  const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', PROGRAM, directory.path]
  const { stdout } = await promisify(execFile)('prlimit', ['--nofile=64:64', ...node])
  expect(stdout.trim()).toBe('EMFILE EMFILE EMFILE EEXITS')
  expect(existsSync(join(directory.path, 'c1'))).toBe(true)
})
