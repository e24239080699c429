import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeDirectory } from '../../src/root/ownership.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'

const MODULE = join(import.meta.dirname, '../../src/root/ownership.ts')

/** Makes a thousand directories, one below the other's parent, as soon as it is told to. */
const PROGRAM = `
  import { join } from 'node:path'
  import { makeDirectory } from ${JSON.stringify(MODULE)}
  process.stdin.once('data', () => {
    for (let index = 0; index < 1000; index += 1) makeDirectory(join(process.argv[1], String(index), 'run'))
    process.exit(0)
  })
  process.stdout.write('ready')
`

test('a directory that others make at the same time is made once, for all of them', async () => {
  await using directory = await temporaryDirectory()
  const makers = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', PROGRAM, directory.path]),
  )
  await Promise.all(makers.map(({ stdout }) => once(stdout, 'data')))
  const errors = makers.map(({ stderr }) => stderr.setEncoding('utf8').toArray())
  for (const { stdin } of makers) stdin.write('go')
  const codes = await Promise.all(makers.map(async (maker) => (await once(maker, 'exit'))[0]))
  expect((await Promise.all(errors)).flat().join('')).toBe('')
  expect(codes).toEqual([0, 0, 0])
})

test('a directory is made private, with the parents that it lacks', async () => {
  await using directory = await temporaryDirectory()
  const made = makeDirectory(join(directory.path, 'a/b/c'))
  expect([made, join(made, '..')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700])
})

test.each(['/proc/runchart/root', '/etc/hostname/root', '/etc/hostname'])(
  '%s cannot be made, and says so',
  (path) => {
    expect(() => makeDirectory(path)).toThrow(expect.objectContaining({ code: 'EROOT' }))
  },
)

test('a path that is not absolute is refused', () => {
  expect(() => makeDirectory('state')).toThrow(expect.objectContaining({ code: 'EINPUT' }))
})
