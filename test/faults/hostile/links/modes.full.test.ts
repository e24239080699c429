import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { cliPlace } from '../../../cli/place.ts'
import { testPlace } from '../../../fixtures/engine.ts'
import { recordFault } from '../../record.ts'

const PROGRAM = join(import.meta.dirname, 'umask-life.ts')

/** What the program printed: of each path its kind and its mode, such as `f600`. */
interface Told {
  modes: Record<string, string>
  id?: string
  code?: number
}

const ALLOWED = ['f600', 'p600', 's600', 'd700', 'd750', 'l777']

/** What the runtime makes for itself; nobody else comes past the directory above it. */
const isRuntimes = (path: string): boolean => path.startsWith('run/runtime/')

const tooOpen = ({ modes }: Told): [string, string][] =>
  Object.entries(modes).filter(([path, mode]) => !isRuntimes(path) && !ALLOWED.includes(mode))

test.each(['0', '22', '77', '27'])(
  'under the umask %s all that is made is its owner’s alone',
  async (umask) => {
    await using place = await testPlace()
    const { stdout } = await execa(process.execPath, [
      '--no-warnings',
      PROGRAM,
      umask,
      place.path,
      place.rootfs,
    ])
    const [running, exited] = stdout.split('\n').map((line) => JSON.parse(line) as Told)
    if (running === undefined || exited === undefined) throw new Error('the life was not told')

    // It was a whole life: all of it is there to be looked at.
    const { id = '', modes } = running
    const names = Object.keys(modes)
    for (const name of ['lifeline', 'pidfile', 'conmon.pid', 'conmon.log', 'runtime.log']) {
      expect(names).toContain(`run/containers/${id}/${name}`)
    }
    for (const name of ['attach', 'ctl', 'winsz', 'config.json']) {
      expect(names).toContain(`root/containers/${id}/bundle/${name}`)
    }
    expect(names.filter((name) => name.endsWith('process.json'))).toHaveLength(3)
    expect(names.filter((name) => name.endsWith('/attach'))).toHaveLength(3)
    expect(exited.code).toBe(3)

    expect(tooOpen(running)).toEqual([])
    expect(tooOpen(exited)).toEqual([])
    expect(modes).toMatchObject({
      ...{ root: 'd700', run: 'd700', 'run/containers': 'd700', 'root/containers': 'd700' },
      ...{ 'run/exits': 'd750', 'run/socket': 'd750', 'run/runtime': 'd700', 'run/owner.sock': 's600' },
      ...{ 'root/store.db': 'f600', 'root/store.db-wal': 'f600', [`root/containers/${id}/ctr.log`]: 'f600' },
    })
    recordFault(`umask ${umask.padStart(3, '0')}`, '0600 and 0700, whoever made it', names.length)
  },
)

test('a root that its user has left open to others has nothing in it that is', async () => {
  await using place = await testPlace()
  for (const path of [place.root, place.runRoot]) {
    mkdirSync(path)
    chmodSync(path, 0o777)
  }
  const { stdout } = await execa(process.execPath, ['--no-warnings', PROGRAM, '0', place.path, place.rootfs])
  const [running] = stdout.split('\n').map((line) => JSON.parse(line) as Told)
  if (running === undefined) throw new Error('the life was not told')
  const { root, run, ...below } = running.modes
  expect([root, run]).toEqual(['d777', 'd777'])
  expect(tooOpen({ modes: below })).toEqual([])
})

test('an owner that was started under another umask hands the usual one to containers and commands', async () => {
  await using place = await cliPlace()
  const umask = process.umask(0o077)
  onTestFinished(() => void process.umask(umask))
  for (const embedded of [[], ['--embedded']]) {
    const run = await place.cli(...embedded, 'run', '--rm', '--rootfs', place.rootfs, 'sh', '-c', 'umask')
    expect(run.stdout).toBe('0022\n')
    if (embedded.length > 0) continue
    await place.cli('run', '-d', '--name', 'web', '--rootfs', place.rootfs, 'sleep', '1000')
    expect((await place.cli('exec', 'web', 'sh', '-c', 'umask')).stdout).toBe('0022\n')
    await place.cli('rm', '-f', 'web')
    await place.endOwner('SIGTERM')
  }
})
