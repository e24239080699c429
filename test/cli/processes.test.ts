import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliPlace, cliPlace } from './place.ts'

let place: CliPlace
beforeAll(async () => {
  place = await cliPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

test('top shows the processes as a table, or as an array', async () => {
  await place.sh('sleep 1000 & wait', '-d', '--name', 'web')
  const { exitCode, stdout, stderr } = await place.cli('top', 'web')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(
    /^UID +PID +PPID +STARTED +CPU +COMMAND\n0 +\d+ +\d+ +\S+Z +\d+\.\d\ds +sh -c sleep 1000/,
  )
  const processes = JSON.parse((await place.cli('top', 'web', '--format', 'json')).stdout)
  expect(processes.map(({ command }: { command: string[] }) => command.at(-1))).toEqual([
    'sleep 1000 & wait',
    '1000',
  ])
  await place.cli('rm', '-f', 'web')
})

test('top of one that has exited, and cleanup of one that lives, are refused', async () => {
  await place.sh('exit 3', '--name', 'done')
  expect(await place.cli('top', 'done')).toMatchObject({ exitCode: 125, stdout: '' })
  expect(await place.cli('cleanup', 'done')).toMatchObject({ exitCode: 0, stdout: 'done\n' })
  await place.sh('sleep 1000', '-d', '--name', 'live')
  const refused = await place.cli('cleanup', 'live')
  expect(refused).toMatchObject({ exitCode: 125, stdout: '' })
  expect(refused.stderr).toContain('it is running')
  await place.cli('rm', '-f', 'done', 'live')
})

test('checkpoint and restore say what is missing', async () => {
  await place.sh('exit 0', '--name', 'done')
  const restored = await place.cli('restore', 'done')
  expect(restored).toMatchObject({ exitCode: 125, stdout: '' })
  expect(restored.stderr).toMatch(/no checkpoint of container done .*\nhint: checkpoint it first/)
  const checkpointed = await place.cli('checkpoint', 'done')
  expect(checkpointed).toMatchObject({ exitCode: 125, stdout: '' })
  await place.cli('rm', 'done')
})
