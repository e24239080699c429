import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { printable, shorten, table } from '../../src/cli/output/table.ts'
import { inWords, statusInWords } from '../../src/cli/output/words.ts'
import { openLogFile } from '../../src/cli/owner/log-file.ts'
import type { ContainerInfo } from '../../src/types.ts'

test.for([
  [0.4, 'Less than a second'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [60, 'About a minute'],
  [150, '2 minutes'],
  [3600, 'About an hour'],
  [3 * 3600, '3 hours'],
  [72 * 3600, '3 days'],
  [21 * 86400, '3 weeks'],
  [90 * 86400, '3 months'],
  [800 * 86400, '2 years'],
] as const)('%d s in words', ([seconds, words]) => {
  expect(inWords(seconds)).toBe(words)
})

test('a status in words', () => {
  const now = Date.parse('2024-01-01T00:01:00Z')
  const times = { startedAt: '2024-01-01T00:00:30Z', finishedAt: null }
  const info = { state: 'running', exitCode: null, ...times, health: null, restart: null }
  const status = (over: object) => statusInWords({ ...info, ...over } as ContainerInfo, now)
  expect(status({})).toBe('Up 30 seconds')
  expect(status({ state: 'paused' })).toBe('Up 30 seconds (Paused)')
  const ended = { exitCode: 7, finishedAt: '2024-01-01T00:00:58Z' }
  expect(status({ state: 'exited', ...ended })).toBe('Exited (7) 2 seconds ago')
  const restart = { policy: 'always', state: 'backing-off' }
  expect(status({ state: 'exited', ...ended, restart })).toBe('Restarting (7) 2 seconds ago')
  expect(status({ health: { status: 'starting' } })).toBe('Up 30 seconds (health: starting)')
  expect(status({ health: { status: 'unhealthy' } })).toBe('Up 30 seconds (unhealthy)')
  expect(status({ state: 'created', startedAt: null })).toBe('Created')
  // The clock was set back.
  expect(status({ startedAt: '2024-01-01T01:00:00Z' })).toBe('Up Less than a second')
})

test('a table is aligned, and its cells cannot command a terminal', () => {
  expect(
    table([
      ['A', 'BB'],
      ['AAAA', ''],
    ]),
  ).toBe('A      BB\nAAAA\n') // prettier keeps it small
  expect(printable('a\nb\u001b[31m\u0007')).toBe('a b?[31m?')
  expect(shorten('abcdef', 4)).toBe('abc…')
  expect(shorten('abcd', 4)).toBe('abcd')
})

test('the log of a background owner does not grow without end', () => {
  const directory = mkdtempSync(join(tmpdir(), 'runchart-test-'))
  const path = join(directory, 'owner.log')
  const log = openLogFile(path, 100)
  for (let line = 0; line < 50; line += 1) log.write(`line ${String(line).padStart(3, '0')}\n`)
  expect(statSync(path).size).toBeLessThanOrEqual(100)
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100)
  expect(readFileSync(path, 'utf8')).toContain('line 049\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  rmSync(directory, { recursive: true })
  // The directory is gone; the owner goes on.
  for (let line = 0; line < 50; line += 1) log.write('more\n')
  openLogFile('/nonexistent/owner.log').write('lost\n')
})
