/** The command line of the package is made into other files than the sources that all other tests run. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VERBS } from '../../src/cli/verbs.ts'
import { type CliPlace, cliPlace } from '../cli/place.ts'
import { type InstalledPackage, installedPackage } from './installed.ts'

const MINUTES = 60_000
let installed: InstalledPackage
let folder: string
let place: CliPlace
beforeAll(async () => {
  installed = await installedPackage()
  folder = join(installed.path, 'node_modules/runchart/dist/cli')
  place = await cliPlace(join(folder, 'main.js'))
}, 10 * MINUTES)
afterAll(async () => {
  await place?.[Symbol.asyncDispose]()
  await installed?.[Symbol.asyncDispose]()
})

/** What a verb prints; it is to end well. */
async function says(...args: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await place.cli(...args)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return stdout
}

test.each(Object.keys(VERBS))('%s is in it', async (verb) => {
  expect(await says(verb, '--help')).toContain(`Usage: runchart ${verb}`)
})

test('it starts an owner in the background, which takes a container through its life', async () => {
  const id = (
    await says('run', '-d', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', 'echo up; sleep 1000')
  ).trim()
  expect(await says('ps', '--format', 'json')).toContain(id)
  expect(await says('exec', 'web', 'echo', 'in')).toBe('in\n')
  expect(await says('logs', 'web')).toBe('up\n')
  await says('pause', 'web')
  expect(JSON.parse(await says('inspect', 'web'))).toMatchObject([{ id, state: 'paused' }])
  await says('unpause', 'web')
  await says('stop', '--time', '0', 'web')
  expect(await says('wait', 'web')).toBe('137\n')
  expect(await says('events')).toContain('running')
  expect(await says('timeline', 'web')).toContain('web')
  await says('rm', 'web')
  expect((await place.cli('logs', 'web')).stderr).toContain('hint:')
})

test('its exit codes are those of its command, embedded too', async () => {
  expect(await place.sh('exit 7', '--rm')).toMatchObject({ exitCode: 7 })
  await place.endOwner('SIGTERM')
  expect(
    await place.cli('--embedded', 'run', '--rm', '--rootfs', place.rootfs, 'sh', '-c', 'echo out; exit 8'),
  ).toMatchObject({
    ...{ stdout: 'out\n', stderr: '', exitCode: 8 },
  })
  expect(await place.cli('--embedded', 'run', '--rm', '--rootfs', place.rootfs, 'nothing')).toMatchObject({
    exitCode: 127,
  })
})

test('it serves the inspector page as it was built', async () => {
  const owner = place.cli('serve', '--inspect', '--log-level', 'silent')
  let said = ''
  owner.stderr.on('data', (chunk) => (said += chunk))
  await expect.poll(() => said, { timeout: MINUTES }).toContain('inspector at')
  const { origin } = new URL(/inspector at (\S+)/.exec(said)?.[1] ?? '')
  const files = ['/main.js', '/style.css', '/container.svg']
  const [html, ...others] = await Promise.all(
    ['/', ...files].map(async (path) => (await fetch(origin + path)).text()),
  )
  expect(html).toContain('<div id="page">')
  // Small enough to be minified, and more than an error.
  expect(others.map(({ length }) => length > 1_000 && length < 100_000)).toEqual([true, true, true])
  owner.kill('SIGTERM')
  expect(await owner).toMatchObject({ exitCode: 0 })
})

test('the licence of each package in it, and in the page, is beside it', async () => {
  const licences = await readFile(join(folder, 'LICENCES'), 'utf8')
  const named = [...licences.matchAll(/^(\S+) \d+\.\d+\.\d+\S*$/gm)].map(([, name]) => name)
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'))
  // koffi, which is native, is not in it.
  expect(Object.keys(dependencies).filter((name) => !named.includes(name))).toEqual(['koffi'])
  expect(named).toContain('preact')
  const files = await readdir(folder)
  const code = (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n')
  const inside = [...code.matchAll(/^\/\/ (?:.*\/)?node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)].map(
    ([, name]) => name,
  )
  expect([...new Set(inside)].filter((name) => !named.includes(name))).toEqual([])
})
