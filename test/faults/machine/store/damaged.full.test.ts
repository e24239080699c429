import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../../effects/process/identity.ts'
import { openEngine } from '../../../../src/index.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { recordFault } from '../../record.ts'
import { LONG, PATIENT, running } from '../full-place.ts'
import { remoteEngine } from '../remote-engine.ts'

let place: TestPlace
let path: string
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  path = join(place.root, 'store.db')
})

/** Something is written over what lies from there on. */
function overwrite(from: number, bytes = 4096): void {
  const file = readFileSync(path)
  file.fill(0xa5, from, from + bytes)
  writeFileSync(path, file)
}

/** Where a table, or an index, begins. */
function pageOf(name: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  const { rootpage } = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name) ?? {}
  database.close()
  return (Number(rootpage) - 1) * 4096
}

interface Scene {
  /** Of a container that lives on, its conmon and its process; and of one that ended while no engine knew of it. */
  pids: number[]
  ended: string
  seq: number
}

/** Two containers, of which one ends under no engine, as soon as `damage` has been done to the store. */
async function damaged(damage: () => void): Promise<Scene> {
  const { root, runRoot } = place
  const first = await openEngine({ root, runRoot, runtime: TEST_RUNTIME })
  const make = (name: string) => running(first, (it) => place.sh(it, LONG, { name }))
  const [web, ending] = [(await make('web')).inspect(), (await make('ending')).inspect()]
  const { seq } = first.snapshot()
  await first.close()
  damage()
  process.kill(ending.pid ?? 0, 'SIGTERM')
  await expect.poll(() => existsSync(join(runRoot, 'exits', ending.id)), PATIENT).toBe(true)
  return { pids: [web.pid ?? 0, web.monitorPid ?? 0], ended: ending.id, seq }
}

/** Whoever was alive is, and what was to be read still can be. */
function expectUntouched({ pids, ended }: Scene): void {
  expect(pids.map((pid) => identifyProcess(pid)?.pid)).toEqual(pids)
  expect(existsSync(join(place.runRoot, 'exits', ended))).toBe(true)
}

/** With a store that is good again all is known. */
async function expectRecovered({ pids, seq }: Scene): Promise<void> {
  const engine = await place.open()
  expect(engine.get('web').inspect()).toMatchObject({ state: 'running', pid: pids[0], monitorPid: pids[1] })
  expect(await engine.get('ending').wait()).toMatchObject({ code: 5, cause: 'exited' })
  await expect.poll(() => engine.get('ending').state, PATIENT).toBe('exited')
  expect(await engine.get('web').stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  const numbers = [...engine.events.past(seq)].map((event) => event.seq)
  expect(numbers).toEqual(numbers.map((_, index) => seq + 1 + index))
}

test.each<[string, string, () => void]>([
  ['with garbage in the table of containers', 'damaged', () => overwrite(pageOf('containers'))],
  ['with garbage in its header', 'damaged', () => overwrite(0, 100)],
  ['half as long as it was', 'damaged', () => truncateSync(path, statSync(path).size / 2)],
  ['cut down to nothing', 'damaged', () => truncateSync(path)],
  [
    'of a newer version',
    'newer',
    () => {
      const database = new DatabaseSync(path)
      database.exec('PRAGMA user_version = 99')
      database.close()
    },
  ],
])(
  'a store %s is refused and left as it is; with a good copy the next engine knows all',
  async (what, failure, damage) => {
    let good = Buffer.alloc(0)
    const scene = await damaged(() => {
      good = readFileSync(path)
      damage()
    })
    const before = readFileSync(path)
    expect(before.equals(good)).toBe(false)
    for (const _ of ['once', 'again']) {
      await expect(place.open()).rejects.toMatchObject({
        ...{ code: 'ESTORE', failure, message: expect.stringContaining(path) },
        hint: expect.stringMatching(/^(put a copy of it back|open it with the newer)/),
      })
      expect(readFileSync(path).equals(before)).toBe(true)
      expectUntouched(scene)
    }
    writeFileSync(path, good)
    await expectRecovered(scene)
    recordFault(`store ${what}`, 'ESTORE, not a byte changed; all is known with a copy', 2)
  },
)

/** A mount namespace in which one path can only be read. */
const READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'

test.each(['file', 'directory'])(
  'a store whose %s can only be read is refused, and opened where it can be written',
  async (what) => {
    const { root, runRoot } = place
    const target = what === 'file' ? path : root
    const scene = await damaged(() => {})
    const before = readFileSync(path)
    const by = ['unshare', '--mount', 'sh', '-c', READ_ONLY, target]
    const refused = await remoteEngine({ root, runRoot, runtime: TEST_RUNTIME }, { by }).catch(
      (error) => error,
    )
    const said = String(refused)
    expect(said).toMatch(/read-only|EROFS/i)
    expect(said).toMatch(what === 'file' ? /code: 'ESTORE'/ : /code: 'EROOT'/)
    expect(said).toMatch(
      what === 'file' ? /hint: 'let this user write that file/ : /hint: 'choose a directory/,
    )
    expect(readFileSync(path).equals(before)).toBe(true)
    expectUntouched(scene)
    await expectRecovered(scene)
    recordFault(`${what} of the store read-only`, 'a typed error with a hint; then all is known')
  },
)
