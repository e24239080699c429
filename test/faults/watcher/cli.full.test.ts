import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliPlace } from '../../cli/place.ts'
import { recordFault } from '../record.ts'

test('`events` tells of a trouble with the watch in words, and as JSON; `wait` has the exit all the same', async () => {
  await using place = await cliPlace()
  const { cli } = place
  await place.sh('sleep 1000', '-d', '--name', 'web')
  rmSync(join(place.runRoot, 'exits'), { recursive: true })
  const events = async (...flags: string[]): Promise<string> => (await cli('events', ...flags)).stdout
  await expect.poll(() => events(), { timeout: 30_000 }).toContain('watch restored')
  expect(await events()).toMatch(
    /^\d+ \S+Z watch degraded: the exits directory \S+\/exits was removed, replaced or changed\n\d+ \S+Z watch restored$/m,
  )
  const objects = (await events('--format', 'json')).split('\n').filter((line) => line.includes('"watch.'))
  const nobody = { containerId: null, name: null, generation: null, version: 1 }
  expect(objects.map((line) => JSON.parse(line))).toMatchObject([
    { type: 'watch.degraded', reason: expect.stringContaining('was removed'), ...nobody },
    { type: 'watch.restored', ...nobody },
  ])

  await cli('kill', '-s', 'KILL', 'web')
  expect((await cli('wait', 'web')).stdout).toBe('137\n')
  recordFault('exits directory removed', '`events` says so, `wait` has the code')
}, 120_000)
