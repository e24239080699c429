import { existsSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Container,
  type ContainerState,
  type Engine,
  type EngineEvent,
  RunchartError,
} from '../../../../src/index.ts'
import { type TestPlace, testPlace } from '../../../fixtures/engine.ts'
import { makeBundle } from '../../../fixtures/rootfs.ts'
import { recordFault } from '../../record.ts'
import { isLink, makeVictim, plant, type Victim } from './victim.ts'

const PATIENCE = { timeout: 30_000 }

let place: TestPlace
let engine: Engine
let victim: Victim
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  victim = makeVictim(place.path)
  engine = await place.open()
})

const KINDS = ['directory', 'file'] as const

/** The paths of one container. */
const spot = (name: string, id: string): string => join(place.path, name.replace('ID', id))

/** Has the link planted when a container comes to a state, before the work of that state begins. Gives where. */
function plantAt(state: ContainerState, name: string, kind: (typeof KINDS)[number]): { path: string } {
  const planted = { path: '' }
  const subscription = engine.events.subscribe((event) => {
    if (event.type !== 'state' || event.to !== state || planted.path !== '') return
    planted.path = spot(name, event.containerId)
    plant(planted.path, victim[kind])
  })
  onTestFinished(() => subscription.unsubscribe())
  return planted
}

/** A whole life. */
async function live(): Promise<void> {
  const container = await place.sh(engine, 'exit 3')
  await container.start()
  expect(await container.wait()).toMatchObject({ code: 3, cause: 'exited' })
  await settled(container, 'exited')
  await container.remove()
}

const settled = (container: Container, state: ContainerState): Promise<void> =>
  expect.poll(() => container.state, PATIENCE).toBe(state)

/** Nothing of the container is left, and of the victim everything. */
function assertClean(): void {
  victim.assertUntouched()
  expect(engine.snapshot().containers).toEqual([])
  expect(place.leftovers()).toEqual([])
}

describe.each(KINDS)('a link to a %s of somebody else’s', (kind) => {
  test.each([
    'run/containers/ID',
    'run/runtime/ID',
    'run/exits/ID',
    'run/socket/ID',
    'root/containers/ID/bundle/config.json',
  ])('that is put at %s before a container is created is replaced, and the container runs', async (name) => {
    const planted = plantAt('creating', name, kind)
    await live()
    expect(planted.path).not.toBe('')
    assertClean()
    recordFault('link planted before a create', 'replaced, nothing touched')
  })

  test.each(['root/containers/ID', 'root/containers/ID/bundle', 'root/containers/ID/ctr.log'])(
    'that is put at %s before a container is created is refused',
    async (name) => {
      const planted = plantAt('creating', name, kind)
      const error = await place.sh(engine, 'true').catch((reason: unknown) => reason)
      expect(planted.path).not.toBe('')
      expect(error).toBeInstanceOf(RunchartError)
      expect(error).toMatchObject({ code: 'EROOT', containerId: expect.stringMatching(/^[0-9a-f]{32}$/) })
      assertClean()
      expect(existsSync(planted.path)).toBe(false)
      await live()
      recordFault('link planted before a create', 'refused, nothing touched')
    },
  )

  test.each<[ContainerState, string]>([
    ['starting', 'run/exits/ID'],
    ['starting', 'root/containers/ID/bundle/attach'],
    ['stopped', 'run/exits/ID'],
    ['stopped', 'run/containers/ID'],
    ['removing', 'run/runtime/ID'],
    ['cleaning', 'run/containers/ID'],
    // Not before conmon has ended: it removes its own socket by this path, and that follows links.
    ['removing', 'run/socket/ID'],
    ['removing', 'root/containers/ID'],
    ['removing', 'root/containers/ID/bundle'],
    ['removing', 'root/containers/ID/ctr.log'],
    ['removing', 'root/containers/ID/checkpoint'],
    ['removing', 'run/containers/ID'],
  ])(
    'that is put there while it is %s, at %s, is not followed, and its exit is right',
    async (state, name) => {
      const planted = plantAt(state, name, kind)
      await live()
      expect(planted.path).not.toBe('')
      assertClean()
      expect(existsSync(planted.path)).toBe(false)
      recordFault(`link planted while ${state}`, 'not followed, the exit is right')
    },
  )
})

describe('a container that has exited', () => {
  const exited = async (): Promise<Container> => {
    const container = await place.sh(engine, 'echo mine; exit 3')
    await container.start()
    await container.wait()
    await settled(container, 'exited')
    return container
  }

  test.each(['root/containers/ID/ctr.log', 'root/containers/ID/bundle', 'root/containers/ID'])(
    'is not created again through a link at %s, and can be removed',
    async (name) => {
      const container = await exited()
      const path = spot(name, container.id)
      plant(path, name.endsWith('log') ? victim.file : victim.directory)
      await expect(container.create()).rejects.toMatchObject({ code: 'EROOT', containerId: container.id })
      expect(isLink(path)).toBe(true)
      victim.assertUntouched()
      await container.remove()
      assertClean()
      recordFault('link planted between runs', 'refused, nothing touched')
    },
  )

  test('is created again once the link is gone', async () => {
    const container = await exited()
    const path = spot('root/containers/ID/ctr.log', container.id)
    plant(path, victim.file)
    await expect(container.create()).rejects.toMatchObject({ code: 'EROOT' })
    rmSync(path)
    await container.create()
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 3 })
  })

  test('has no log that is somebody else’s', async () => {
    const container = await exited()
    plant(spot('root/containers/ID/ctr.log', container.id), victim.file)
    await expect(container.logs()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'ELOG',
      hint: expect.any(String),
    })
    recordFault('link in place of a log', 'not read')
  })
})

/** What is told of the watch from now on. */
function watchReports(): EngineEvent[] {
  const reports: EngineEvent[] = []
  const subscription = engine.events.subscribe((event) => {
    if (event.type === 'watch.degraded' || event.type === 'watch.restored') reports.push(event)
  })
  onTestFinished(() => subscription.unsubscribe())
  return reports
}

describe('a container that runs', () => {
  const running = async (): Promise<Container> => {
    const container = await place.sh(engine, 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done')
    await container.start()
    for await (const _ of container.logs({ follow: true })) break
    return container
  }

  test('loses no exit where a link takes the place of the exits directory, which is told and not followed', async () => {
    const container = await running()
    const reports = watchReports()
    const exits = join(place.runRoot, 'exits')
    renameSync(exits, join(place.path, 'moved'))
    plant(exits, victim.directory)
    const told = expect.objectContaining({ reason: expect.stringContaining('symbolic link') })
    await expect.poll(() => reports, PATIENCE).toContainEqual(told)
    expect(isLink(exits)).toBe(true)
    victim.assertUntouched()
    rmSync(exits)
    await expect.poll(() => reports.at(-1)?.type, PATIENCE).toBe('watch.restored')
    expect(lstatSync(exits).isDirectory()).toBe(true)
    expect(await container.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
    await container.remove()
    assertClean()
    recordFault('link in place of the exits directory', 'told, not followed, no exit lost')
  })

  test('runs no command whose files would be where a link leads', async () => {
    const container = await running()
    plant(spot('run/containers/ID/exec', container.id), victim.directory)
    await expect(container.exec(['true'])).rejects.toMatchObject({ code: 'EROOT' })
    await expect(container.execSession(['true'], { detach: true })).rejects.toMatchObject({ code: 'EROOT' })
    victim.assertUntouched()
    rmSync(spot('run/containers/ID/exec', container.id))
    expect(await container.exec(['true'])).toMatchObject({ exitCode: 0 })
    await container.remove({ force: true })
    assertClean()
    recordFault('link in place of a session', 'refused, nothing touched', 2)
  })

  test('is not attached to through a link, be it to a socket that listens', async () => {
    const [container, other] = [await running(), await running()]
    const [path, another] = [container, other].map(({ id }) => spot('root/containers/ID/bundle/attach', id))
    await (await other.attach()).detach()
    plant(path ?? '', another ?? '')
    await expect(container.attach()).rejects.toMatchObject({ code: 'EATTACH' })
    recordFault('link in place of the attach socket', 'refused, nothing touched')
  })

  test('whose lifeline became a link is ended by the next engine, which follows it nowhere', async () => {
    const container = await running()
    await engine.close()
    plant(spot('run/containers/ID/lifeline', container.id), victim.file)
    engine = await place.open()
    // Whether conmon, which lives, or the engine, which cannot hear it, is the first to say so.
    expect([-1, 137]).toContain((await engine.get(container.id).wait()).code)
    await settled(engine.get(container.id), 'exited')
    await engine.get(container.id).remove()
    assertClean()
    recordFault('link in place of a lifeline', 'not followed, the container is ended')
  })
})

describe('an engine that sweeps', () => {
  test.each(KINDS)(
    'leaves a link to a %s that stands for an exit file alone, and what it leads to',
    async (kind) => {
      await engine.close()
      const [link, after] = ['d', 'e'].map((digit) => join(place.runRoot, 'exits', digit.repeat(32)))
      plant(link ?? '', victim[kind])
      writeFileSync(after ?? '', '0')
      engine = await place.open()
      await expect.poll(() => existsSync(after ?? ''), PATIENCE).toBe(false)
      expect(isLink(link ?? '')).toBe(true)
      victim.assertUntouched()
      expect(place.leftovers()).toEqual([`exits/${'d'.repeat(32)}`])
      recordFault('link in place of an exit file', 'left alone, nothing touched')
    },
  )
})

describe('a bundle that its user has made', () => {
  test('may be reached through a link, and is only read', async () => {
    const bundle = await makeBundle(join(place.path, 'bundle'), {
      args: ['sh', '-c', 'exit 4'],
      rootfs: place.rootfs,
    })
    plant(join(place.path, 'link'), bundle)
    const container = await engine.create({ bundle: join(place.path, 'link') })
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 4 })
  })

  test('has no config.json that is a link: it could be read, and is not what its user sees', async () => {
    const bundle = await makeBundle(join(place.path, 'bundle'), { args: ['true'], rootfs: place.rootfs })
    writeFileSync(join(place.path, 'elsewhere.json'), '{}')
    plant(join(bundle, 'config.json'), join(place.path, 'elsewhere.json'))
    await expect(engine.create({ bundle })).rejects.toMatchObject({
      code: 'EINPUT',
      message: expect.stringContaining('symbolic link'),
    })
    assertClean()
  })
})
