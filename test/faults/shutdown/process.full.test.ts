import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { heldRuntime, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** A program in a process of its own, what it says, line by line, and what it is told. */
function program(name: string, ...args: string[]) {
  const path = join(import.meta.dirname, name)
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  // One that does not end by itself fails the test that waits for it, and is not left behind.
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  return {
    exited,
    says: async () => JSON.parse((await lines.next()).value as string),
    tell: () => void child.stdin.write('go on\n'),
  }
}

test('a program that closes its engine in the middle of everything ends by itself', async () => {
  const runtime = heldRuntime(place.path)
  const { exited, says, tell } = program('closing-program.ts', place.path, runtime.path)
  expect(await says()).toBe('ready')
  runtime.holdAt('create')
  tell()
  expect(await says()).toBe('creating')
  const pid = await runtime.held()
  tell()
  expect(await says()).toEqual({
    outcomes: {
      attached: 'done',
      terminal: 'done',
      detached: 'ECLOSED',
      stop: 'ECLOSED',
      wait: 'ECLOSED',
      create: 'ECLOSED',
    },
    states: { web: 'running', slow: 'stopping' },
  })
  expect(await exited).toEqual([0, null])
  expect(identifyProcess(pid)).toBeUndefined()

  const next = await place.open()
  expect(next.get('web').state).toBe('running')
  expect(next.get('web').execs()).toMatchObject([{ detached: true, state: 'running' }])
  expect(next.get('slow').state).toBe('stopping')
  expect(next.get('held').inspect()).toMatchObject({ state: 'configured', error: { code: 'EINTERRUPTED' } })
  recordFault('close in the middle of everything', 'nothing keeps the process alive')
})

test('a program that closes its engine while it attaches to a container ends by itself', async () => {
  const first = await place.open()
  const web = await place.sh(first, 'sleep 1000', { name: 'web' })
  await web.start()
  await first.close()
  const { exited, says } = program('attaching-program.ts', place.path)
  expect(['attached', 'ECLOSED']).toContain(await says())
  expect(await exited).toEqual([0, null])
  recordFault('close in the middle of attach', 'nothing keeps the process alive')
})

test('a program whose engine cannot be opened ends by itself, and has let go of the root', async () => {
  const first = await place.open()
  await place.sh(first, 'exit 4', { name: 'web' })
  await first.close()
  spoil("'no JSON'")
  const { exited, says } = program('opening-program.ts', place.path, TEST_RUNTIME)
  expect(await says()).toBe('ESTORE')
  expect(await exited).toEqual([0, null])
  spoil('kept')
  const next = await place.open()
  await next.get('web').start()
  expect(await next.get('web').wait()).toMatchObject({ code: 4 })
  recordFault('a store that cannot be read at open', 'ESTORE, nothing keeps the process alive')

  function spoil(settings: string): void {
    const database = new DatabaseSync(join(place.root, 'store.db'))
    database.exec('CREATE TABLE IF NOT EXISTS kept AS SELECT settings FROM containers')
    const value = settings === 'kept' ? '(SELECT settings FROM kept)' : settings
    database.exec(`UPDATE containers SET settings = ${value}`)
    database.close()
  }
})
