import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliPlace, cliPlace } from '../../cli/place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

test('waits for what podman and docker have a word for, as long as it is told to', async () => {
  const { cli } = place
  const script = 'trap "exit 6" TERM; while :; do sleep 0.05; done'
  const id = (await place.sh(script, '-d', '--name', 'web')).stdout.trim()
  expect(await cli('wait', '--condition', 'running', 'web')).toMatchObject({ exitCode: 0, stdout: '-1\n' })
  const late = await cli('wait', '--timeout', '0', 'web')
  expect(late).toMatchObject({ exitCode: 125, stdout: '' })
  expect(late.stderr).toMatch(/^runchart: waited 0 s for container web, for exit: it is running\nhint: .+\n$/)

  const waits = ['stopped', 'exited', 'removed'].map((what) => cli('wait', '--condition', what, 'web'))
  expect(await cli('stop', '--by', 'a person', '-t', '20', 'web')).toMatchObject({ exitCode: 0 })
  expect(JSON.parse((await cli('inspect', 'web')).stdout)[0].exit).toMatchObject({ by: 'a person', code: 6 })
  const after = await cli('wait', '--condition', 'next-exit', '--generation', '0', 'web')
  expect(after.stdout).toBe('6\n')
  await cli('rm', '--by', 'a person', 'web')
  for (const wait of waits) expect(await wait).toMatchObject({ exitCode: 0, stdout: '6\n' })
  expect((await cli('wait', '--condition', 'removed', id)).stdout).toBe('6\n')
  const word = await cli('wait', '--condition', 'healthily', 'web')
  expect(word).toMatchObject({ exitCode: 125, stdout: '' })
  expect(word.stderr).toContain('stopped, exited, next-exit, running, healthy, removed')
})
