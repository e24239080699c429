import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliPlace } from '../cli/place.ts'

test('timeline draws what real containers did, also one that is gone', async () => {
  await using place = await cliPlace()
  await place.sh('exit 0', '--rm', '--name', 'fine')
  await place.sh('exit 3', '--name', 'bad')

  const all = await place.cli('timeline')
  expect(all).toMatchObject({ exitCode: 0, stderr: '' })
  for (const told of ['2 containers', '<title>running, run 1', 'exit code 0, ', 'exit code 3, ']) {
    expect(all.stdout).toContain(told)
  }

  const file = join(place.path, 'bad.svg')
  expect(await place.cli('timeline', '--output', file, 'bad')).toMatchObject({ exitCode: 0, stdout: '' })
  const one = await readFile(file, 'utf8')
  expect(one).toContain('1 container, ')
  expect(one).not.toContain('fine')

  const { seq } = JSON.parse(
    (await place.cli('events', '--format', 'json')).stdout.trim().split('\n').at(-1) ?? '',
  )
  expect((await place.cli('timeline', '--since', String(seq))).stdout).toContain('Nothing has happened')

  const unknown = await place.cli('timeline', 'bad', 'nosuch')
  expect(unknown).toMatchObject({ exitCode: 125, stdout: '' })
  expect(unknown.stderr).toMatch(/no event tells of a container "nosuch"\nhint: 'runchart events' lists/)

  const nowhere = await place.cli('timeline', '--output', join(place.path, 'nosuch/a.svg'))
  expect(nowhere.exitCode).toBe(125)
  expect(nowhere.stderr).toMatch(/cannot write .*\nhint: give a file/)
})
