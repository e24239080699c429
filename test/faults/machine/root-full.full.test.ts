import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { type EngineEvent, openEngine, RunchartError } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { fullPlace, LONG, PATIENT, pidOf, running, states } from './full-place.ts'
import { remoteEngine } from './remote-engine.ts'

const isFull = expect.objectContaining({
  code: 'ESTORE',
  failure: 'full',
  hint: expect.stringContaining('free space'),
})

test('every command is refused, and nothing is done that could not be recorded', async () => {
  await using bed = await fullPlace('root')
  const engine = await bed.place.open()
  const web = await running(engine, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  const created = await bed.place.sh(engine, LONG, { name: 'created' })
  const exited = await bed.place.sh(engine, 'exit 3', { name: 'exited' })
  await exited.start()
  await expect.poll(() => exited.state, PATIENT).toBe('exited')
  const told: EngineEvent[] = []
  engine.events.subscribe((event) => told.push(event))
  const { seq } = engine.snapshot()

  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  await expect(bed.place.sh(engine, 'true', { name: 'new' })).rejects.toEqual(isFull)
  await expect(bed.place.sh(engine, 'true', { name: 'new' })).rejects.toEqual(isFull)
  await expect(created.start()).rejects.toEqual(isFull)
  await expect(web.stop()).rejects.toEqual(isFull)
  await expect(web.kill('SIGTERM')).rejects.toEqual(isFull)
  await expect(web.pause()).rejects.toEqual(isFull)
  await expect(web.exec(['true'])).rejects.toEqual(isFull)
  await expect(exited.remove()).rejects.toEqual(isFull)
  await expect(exited.start()).rejects.toEqual(isFull)
  expect(told).toEqual([])
  expect(engine.snapshot().seq).toBe(seq)
  expect(engine.snapshot().containers.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'web running',
    'created created',
    'exited exited',
  ])
  expect(identifyProcess(pidOf(web))).toBeDefined()
  expect(existsSync(join(bed.place.root, 'containers', exited.id))).toBe(true)

  full.giveUp()
  // With it all that waited for the disk is written; what was refused in the middle is asked for anew.
  await bed.place.sh(engine, 'true', { name: 'new' })
  await expect.poll(() => web.state, PATIENT).toBe('running')
  await expect.poll(() => created.state, PATIENT).toBe('created')
  await created.start()
  expect(await web.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  await exited.remove()
  const numbers = told.map((event) => event.seq)
  expect(numbers).toEqual(numbers.map((_, index) => seq + 1 + index))
  expect(states(told)).not.toContain('exec.started')
  recordFault('disk of the store full', 'each command an ESTORE, nothing begun, all goes on after', 9)
})

test('an exit is told as soon as there is room again, with its real code', async () => {
  await using bed = await fullPlace('root')
  const engine = await bed.place.open()
  const web = await running(engine, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  const exit = web.wait()
  const { seq } = engine.snapshot()
  const pid = pidOf(web)

  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  process.kill(pid, 'SIGTERM')
  await expect.poll(() => existsSync(join(bed.place.runRoot, 'exits', web.id)), PATIENT).toBe(true)
  await expect(web.stop()).rejects.toEqual(isFull)
  expect(web.state).toBe('running')
  expect([...engine.events.past(seq)]).toEqual([])

  full.giveUp()
  expect(await exit).toMatchObject({ code: 5, cause: 'exited' })
  await expect.poll(() => web.state, PATIENT).toBe('exited')
  const events = [...engine.events.past(seq)]
  expect(states(events)).toEqual(['stopped', 'cleaning', 'exited'])
  expect(events.map((event) => event.seq)).toEqual([seq + 1, seq + 2, seq + 3])
  expect(bed.place.leftovers()).toEqual([])
  recordFault('disk of the store full', 'an exit is told later, real code, no gap')
})

test('a stop whose exit cannot be recorded says so at once, and has stopped', async () => {
  await using bed = await fullPlace('root')
  const engine = await bed.place.open()
  const web = await running(engine, (it) =>
    bed.place.sh(it, 'trap "sleep 0.3; exit 5" TERM; echo ready; while :; do sleep 0.05; done', {
      stopTimeout: 600,
    }),
  )
  const stop = web.stop()
  stop.catch(() => {})
  await expect.poll(() => web.state, PATIENT).toBe('stopping')
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  await expect(stop).rejects.toEqual(isFull)
  expect(web.state).toBe('stopping')
  full.giveUp()
  expect(await web.wait()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  await expect.poll(() => web.state, PATIENT).toBe('exited')
  recordFault('disk full during a stop', 'ESTORE at once, the exit told later')
})

test('a command in a container ends with its caller, recorded or not', async () => {
  await using bed = await fullPlace('root')
  const engine = await bed.place.open()
  const web = await running(engine, (it) => bed.place.sh(it, LONG))
  const session = await web.execSession(['sleep', '1000'])
  const { seq } = engine.snapshot()
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  await session.kill()
  await expect(session.exited).rejects.toEqual(isFull)
  expect(identifyProcess(session.pid ?? 0)).toBeUndefined()
  full.giveUp()
  await expect.poll(() => states(engine.events.past(seq)), PATIENT).toEqual(['exec.exited'])
  recordFault('disk full under a command in a container', 'it ends; ESTORE; its exit told later')
})

test('an engine can be closed, and the next one finds what is true', async () => {
  await using bed = await fullPlace('root')
  const { root, runRoot } = bed.place
  const first = await openEngine({ root, runRoot, runtime: TEST_RUNTIME })
  const web = await running(first, (it) => bed.place.sh(it, LONG, { name: 'web' }))
  const gone = await running(first, (it) => bed.place.sh(it, LONG, { name: 'gone' }))
  const session = await web.execSession(['sleep', '1000'])
  session.exited.catch(() => {})
  const { seq } = first.snapshot()
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  await expect(web.stop()).rejects.toEqual(isFull)
  process.kill(pidOf(gone), 'SIGTERM')
  await expect.poll(() => existsSync(join(bed.place.runRoot, 'exits', gone.id)), PATIENT).toBe(true)
  await expect(first.close()).rejects.toEqual(isFull)
  expect(identifyProcess(session.pid ?? 0)).toBeUndefined()

  // Where its log could be copied into the store, closing has made room.
  bed.disk.fill()
  await expect(bed.place.open()).rejects.toEqual(isFull)
  full.giveUp()
  const second = await bed.place.open()
  expect(second.get('web').state).toBe('running')
  expect(await second.get('gone').wait()).toMatchObject({ code: 5, cause: 'exited' })
  await expect.poll(() => second.get('gone').state, PATIENT).toBe('exited')
  expect(await second.get('web').stop()).toMatchObject({ code: 5 })
  const numbers = [...second.events.past(seq)].map((event) => event.seq)
  expect(numbers).toEqual(numbers.map((_, index) => seq + 1 + index))
  recordFault('engine closed on a full disk', 'ESTORE, yet closed; the next one knows all')
})

test('an engine can be killed, and the next one finds what is true', async () => {
  await using bed = await fullPlace('root')
  const { root, runRoot, rootfs } = bed.place
  await using remote = await remoteEngine({ root, runRoot, runtime: TEST_RUNTIME })
  const id = await remote.create({ rootfs, command: ['sh', '-c', LONG] })
  await remote.start(id)
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  await expect(remote.stop(id)).rejects.toMatchObject({ code: 'ESTORE', failure: 'full' })
  await remote.die()
  full.giveUp()
  const engine = await bed.place.open()
  expect(engine.get(id).state).toBe('running')
  await engine.get(id).remove({ force: true })
  expect(bed.place.leftovers()).toEqual([])
  recordFault('engine killed on a full disk', 'the next one takes its container over')
})

test('however little room is left, a create is made or refused, and leaves nothing behind', async () => {
  await using bed = await fullPlace('root', '16m')
  const engine = await bed.place.open()
  const other = await bed.place.sh(engine, LONG, { name: 'other' })
  const { leftovers } = bed.place
  const before = leftovers()
  using full = bed.disk.fill()
  const outcomes = new Set<string>()
  let pages = 0
  for (; !outcomes.has('made') && pages < 64; pages += 1) {
    full.leave(pages * 4096)
    const made = await bed.place.sh(engine, 'true', { name: 'web' }).catch((error: unknown) => error)
    if (made instanceof Error) {
      expect(made).toBeInstanceOf(RunchartError)
      expect(made).toMatchObject({ hint: expect.stringContaining('space') })
      outcomes.add((made as RunchartError).code)
    } else {
      outcomes.add('made')
      full.giveUp()
      await engine.get('web').remove()
    }
    full.leave(256 * 1024)
    // What could not be written is, before the next command.
    await other.refresh()
    await expect.poll(() => engine.snapshot().containers.map(({ name }) => name), PATIENT).toEqual(['other'])
    expect(leftovers()).toEqual(before)
    expect(readdirSync(join(bed.place.root, 'containers'))).toEqual([other.id])
  }
  expect(outcomes).toContain('ESTORE')
  expect(outcomes).toContain('made')
  recordFault('disk full at any point of a create', 'made or refused, nothing left', pages)
})

test('a log that does not fit any more ends no container', async () => {
  await using bed = await fullPlace('root')
  const engine = await bed.place.open()
  const at = (name: string): string => `while [ ! -e /tmp/${name} ]; do sleep 0.02; done`
  const loud = await bed.place.sh(
    engine,
    `${at('write')}; yes runchart | head -c 4000000; ${at('end')}; exit 6`,
  )
  await loud.start()
  writeFileSync(join(bed.place.rootfs, 'tmp/write'), '')
  await expect.poll(() => statSync(loud.inspect().logPath).size, PATIENT).toBeGreaterThan(1_000_000)
  using full = bed.disk.fill()
  expect(full.free()).toBe(0)
  writeFileSync(join(bed.place.rootfs, 'tmp/end'), '')
  await expect.poll(() => existsSync(join(bed.place.runRoot, 'exits', loud.id)), PATIENT).toBe(true)
  expect(statSync(loud.inspect().logPath).size).toBeLessThan(4_000_000)
  rmSync(loud.inspect().logPath)
  full.giveUp()
  expect(await loud.wait()).toMatchObject({ code: 6, cause: 'exited' })
  recordFault('disk full of a log', 'the container goes on; real exit code')
})
