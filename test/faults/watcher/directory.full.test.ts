import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { recordFault } from '../record.ts'
import { openScene, type Scene, statesOf, tellToExit } from './scene.ts'

const HELD = 'both exits with their own codes, the trouble and its end told'

/** The nth container exits, with its own code, and is told once. */
async function expectExit(scene: Scene, code: number): Promise<void> {
  const container = scene.containers[code - 1]
  if (container === undefined) throw new Error(`no container exits with ${code}`)
  const from = performance.now()
  tellToExit(container)
  expect(await container.wait()).toMatchObject({ code, cause: 'exited' })
  console.log(
    `${expect.getState().currentTestName}: exit ${code} known after ${(performance.now() - from).toFixed(0)} ms`,
  )
  await expect.poll(() => container.state, { timeout: 30_000 }).toBe('exited')
  expect(statesOf(scene.events(), container).filter((state) => state === 'stopped')).toHaveLength(1)
}

/** The cgroups that a container still has, in whatever hierarchies this machine mounts. */
const cgroupsOf = (id: string): string[] =>
  readdirSync('/sys/fs/cgroup')
    .map((name) => join('/sys/fs/cgroup', name, `runchart-${id}`))
    .concat(join('/sys/fs/cgroup', `runchart-${id}`))
    .filter((path) => existsSync(path))

/** What was told of the watch, in order. */
const told = (scene: Scene): string[] => scene.reports().map(({ type }) => type)

describe('the exits directory', () => {
  test('removed, again and again: it is made again, and nothing is missed', async () => {
    await using scene = await openScene(2)
    rmSync(scene.exits, { recursive: true })
    expect(existsSync(scene.exits)).toBe(false)
    await expectExit(scene, 1)
    await scene.reported('watch.restored')
    expect(statSync(scene.exits).mode & 0o777).toBe(0o750)
    rmSync(scene.exits, { recursive: true })
    await scene.reported('watch.restored', 2)
    await expectExit(scene, 2)
    expect(told(scene)).toEqual(['watch.degraded', 'watch.restored', 'watch.degraded', 'watch.restored'])
    expect(readdirSync(scene.exits)).toEqual([])
    recordFault('exits directory removed', HELD, 2)
  })

  test('removed with an exit file in it that nobody has read: conmon’s own copy tells the code', async () => {
    await using scene = await openScene(2)
    const [one] = scene.containers
    const file = join(scene.exits, one?.id ?? '')
    if (one !== undefined) tellToExit(one)
    // The event loop stands still: the engine cannot be first.
    while (!existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    expect(readFileSync(file, 'utf8')).toBe('1')
    rmSync(scene.exits, { recursive: true })
    expect(one?.state).toBe('running')
    expect(await one?.wait()).toMatchObject({ code: 1, cause: 'exited' })
    await scene.reported('watch.restored')
    await expectExit(scene, 2)
    recordFault('exits directory removed with an unread exit in it', HELD)
  })

  test('replaced by a file, where conmon cannot write: its own copy tells the code', async () => {
    await using scene = await openScene(2)
    rmSync(scene.exits, { recursive: true })
    writeFileSync(scene.exits, 'a file in its place')
    await scene.reported('watch.degraded', 2)
    expect(statSync(scene.exits).isFile()).toBe(true)
    await expectExit(scene, 1)
    expect(statSync(scene.exits).isFile()).toBe(true)
    expect(scene.reports().at(-1)).toMatchObject({
      type: 'watch.degraded',
      reason: expect.stringContaining(`${scene.exits}: it is no directory`),
      hint: expect.stringContaining('take it away'),
    })
    rmSync(scene.exits)
    await scene.reported('watch.restored')
    await expectExit(scene, 2)
    recordFault('exits directory replaced by a file', HELD)
  })

  test('replaced by a link: what is behind it is neither believed nor emptied', async () => {
    await using scene = await openScene(2)
    const other = join(scene.place.path, 'other')
    mkdirSync(other)
    const [one, two] = scene.containers
    for (const name of [two?.id ?? '', 'stranger']) writeFileSync(join(other, name), '99')
    rmSync(scene.exits, { recursive: true })
    symlinkSync(other, scene.exits)
    await scene.reported('watch.degraded', 2)
    expect(lstatSync(scene.exits).isSymbolicLink()).toBe(true)
    expect(scene.reports().at(-1)).toMatchObject({ reason: expect.stringContaining('is a symbolic link') })
    await expectExit(scene, 1)
    // conmon follows it.
    expect(readdirSync(other).toSorted()).toEqual([one?.id, two?.id, 'stranger'].toSorted())
    expect(two?.state).toBe('running')
    rmSync(scene.exits)
    await scene.reported('watch.restored')
    await expectExit(scene, 2)
    recordFault('exits directory replaced by a link', `${HELD}, the other directory as it was`)
  })

  test('moved away, and back: both moves are noticed', async () => {
    await using scene = await openScene(2)
    const away = `${scene.exits}.away`
    renameSync(scene.exits, away)
    await scene.reported('watch.restored')
    expect(statSync(scene.exits).ino).not.toBe(statSync(away).ino)
    await expectExit(scene, 1)
    // Onto the empty one that was made meanwhile.
    renameSync(away, scene.exits)
    await scene.reported('watch.restored', 2)
    await expectExit(scene, 2)
    expect(told(scene)).toEqual(['watch.degraded', 'watch.restored', 'watch.degraded', 'watch.restored'])
    recordFault('exits directory moved away and back', HELD, 2)
  })

  test('moved away, another in its place: only what conmon could have written is taken away', async () => {
    await using scene = await openScene(2)
    const other = join(scene.place.path, 'other')
    mkdirSync(join(other, 'data'), { recursive: true })
    writeFileSync(join(other, 'data/precious'), 'kept')
    writeFileSync(join(other, 'letter'), 'longer than any exit code, and nobody’s business')
    for (const name of [scene.containers[1]?.id ?? '', 'stranger', 'gone.Ab12cd'])
      writeFileSync(join(other, name), '99')
    const { ino } = statSync(other)
    renameSync(scene.exits, `${scene.exits}.away`)
    renameSync(other, scene.exits)
    expect(statSync(scene.exits).ino).toBe(ino)
    await scene.reported('watch.restored')
    await expectExit(scene, 1)
    await expectExit(scene, 2)
    expect(readdirSync(scene.exits, { recursive: true }).toSorted()).toEqual([
      'data',
      'data/precious',
      'letter',
    ])
    recordFault(
      'exits directory moved away, another in its place',
      `${HELD}, what is no exit file left alone`,
    )
  })

  test('given another mode: it is given back its own', async () => {
    await using scene = await openScene(2)
    chmodSync(scene.exits, 0)
    await expectExit(scene, 1)
    await scene.reported('watch.restored')
    expect(statSync(scene.exits).mode & 0o7777).toBe(0o750)
    await expectExit(scene, 2)
    recordFault('mode of the exits directory changed', HELD)
  })

  test('given to another user: that is told, and lasts until it is given back', async () => {
    await using scene = await openScene(2)
    chownSync(scene.exits, 1234, 1234)
    await scene.reported('watch.degraded', 2)
    expect(scene.reports().at(-1)).toMatchObject({
      reason: expect.stringContaining('belongs to user 1234'),
      hint: expect.stringContaining('chown 0'),
    })
    await expectExit(scene, 1)
    expect(told(scene)).toEqual(['watch.degraded', 'watch.degraded'])
    chownSync(scene.exits, 0, 0)
    await scene.reported('watch.restored')
    await expectExit(scene, 2)
    recordFault('exits directory given to another user', HELD)
  })

  test('mounted over, which the kernel tells nobody: the second witness finds the watch out', async () => {
    await using scene = await openScene(3)
    const { ino } = statSync(scene.exits)
    await execa('mount', ['-t', 'tmpfs', '-o', 'mode=750', 'tmpfs', scene.exits])
    try {
      expect(statSync(scene.exits).ino).not.toBe(ino)
      expect(scene.reports()).toEqual([])
      await expectExit(scene, 1)
      await scene.reported('watch.restored')
      expect(scene.reports()[0]).toMatchObject({ reason: expect.stringContaining('was not seen') })
      // Now it is the one above that is watched.
      await expectExit(scene, 2)
      expect(told(scene)).toEqual(['watch.degraded', 'watch.restored'])
    } finally {
      await execa('umount', [scene.exits])
    }
    await scene.reported('watch.restored', 2)
    await expectExit(scene, 3)
    recordFault('file system mounted over the exits directory', HELD)
  })

  test('moved along with its run root: what conmon writes to is made again', async () => {
    await using scene = await openScene(2)
    const away = `${scene.runRoot}.away`
    renameSync(scene.runRoot, away)
    expect(existsSync(scene.exits)).toBe(false)
    await scene.reported('watch.restored')
    await expectExit(scene, 1)
    await expectExit(scene, 2)
    expect(told(scene)).toEqual(['watch.degraded', 'watch.restored'])
    for (const { id } of scene.containers) expect(cgroupsOf(id)).toEqual([])
    recordFault('run root moved away', HELD)
  })
})
