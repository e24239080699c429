import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { lastingLeftovers } from '../../run/leftovers.ts'
import { RUN_VARIABLE } from '../../run/ownership.ts'
import { takePicture } from '../../run/picture.ts'
import type { Results } from '../report/results.ts'

const MAIN = 'test/bench/main.ts'
const bench = (...args: string[]) =>
  execa(process.execPath, [MAIN, ...args], { reject: false, stdin: 'ignore' })

beforeAll(async () => {
  if (!existsSync('dist/cli/main.js')) await execa('npm', ['run', 'build'])
}, 300_000)

describe('the benchmark', { timeout: 300_000 }, () => {
  it('measures a row beside the bare floor and whatever is installed, and says so as JSON', async () => {
    await using directory = await temporaryDirectory()
    const json = join(directory.path, 'results.json')
    const { stdout, exitCode, stderr } = await bench('--quick', '--only', '7', '--json', json)
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('CPU of the Node process for one life')
    const results = JSON.parse(readFileSync(json, 'utf8')) as Results
    expect(results).toMatchObject({ quick: true, rows: [{ number: 7 }] })
    const series = results.rows[0]?.groups[0]?.series ?? []
    expect(series.map(({ name }) => name)).toEqual(['runchart', 'bare floor'])
    for (const { samples } of series) expect(samples).toEqual([expect.any(Number)])
  })

  it('leaves nothing behind where it is interrupted in the middle', async () => {
    const run = process.env[RUN_VARIABLE] ?? 'bench-smoke'
    const before = await takePicture(run)
    const child = execa(process.execPath, [MAIN, '--quick', '--only', '3'], {
      ...{ reject: false, stdin: 'ignore', env: { [RUN_VARIABLE]: run } },
    })
    let told = ''
    for await (const line of child.iterable({ from: 'stderr' })) {
      told += `${line}\n`
      if (line.includes('round 1')) child.kill('SIGINT')
    }
    expect((await child).exitCode, told).toBe(130)
    expect(told).toContain('interrupted')
    expect(await lastingLeftovers(before, () => takePicture(run))).toEqual([])
  })

  it('says which rows there are, and refuses another', async () => {
    expect((await bench('--help')).stdout).toContain('Removing a running container')
    const { exitCode, stderr } = await bench('--only', '99')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('there is no row 99: see --help')
  })
})
