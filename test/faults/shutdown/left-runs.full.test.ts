import { execFileSync } from 'node:child_process'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { identifyProcess, signalProcess } from '../../../effects/process/identity.ts'
import { findProgram } from '../../../effects/runtime/find.ts'
import { type Engine, openEngine } from '../../../src/index.ts'
import { type CliPlace, cliPlace, isAlive } from '../../cli/place.ts'
import { type HeldRuntime, heldRuntime, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'

vi.setConfig({ testTimeout: 180_000 })

let place: CliPlace
let runtime: HeldRuntime
beforeEach(async () => {
  place = await cliPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  runtime = heldRuntime(place.path)
})

/** A container that is paused, and whose resume is held when its owner is killed; gives the runtime's process. */
async function cutOff(): Promise<number> {
  const flags = ['--runtime', runtime.path]
  await place.cli(...flags, 'run', '-d', '--name', 'web', '--rootfs', place.rootfs, 'sleep', '1000')
  await place.cli('pause', 'web')
  runtime.holdAt('resume')
  const resume = place.cli('unpause', 'web')
  const pid = await runtime.held()
  const held = identifyProcess(pid)
  onTestFinished(() => void (held && signalProcess(held, 'SIGKILL')))
  // Stopped first: where it finds its owner gone it would start another, and the next is to be the test's engine.
  process.kill(resume.pid ?? 0, 'SIGSTOP')
  await place.endOwner('SIGKILL')
  resume.kill('SIGKILL')
  await resume
  return pid
}

async function open(): Promise<Engine> {
  const engine = await openEngine({ root: place.root, runRoot: place.runRoot })
  onTestFinished(() => engine.close())
  return engine
}

/** What the runtime itself says. */
function statusOf(id: string): string {
  const args = ['--root', `${place.runRoot}/runtime`, 'state', id]
  return JSON.parse(execFileSync(findProgram(TEST_RUNTIME) ?? '', args, { encoding: 'utf8' })).status
}

test('a run of the runtime that an engine left when it was killed is waited for: what it does is seen', async () => {
  const pid = await cutOff()
  setTimeout(() => process.kill(pid, 'SIGCONT'), 500)
  const web = (await open()).get('web')
  expect([web.state, statusOf(web.id)]).toEqual(['running', 'running'])
  expect(isAlive(pid)).toBe(false)
  recordFault('engine killed, its runtime goes on', 'the next engine waits for it, and sees what it did')
})

test('one that hangs is killed in the end', async () => {
  const pid = await cutOff()
  const engine = await open()
  await expect.poll(() => engine.get('web').state, { timeout: 60_000 }).toBe('paused')
  expect(isAlive(pid)).toBe(false)
  expect(statusOf(engine.get('web').id)).toBe('paused')
  recordFault(
    'engine killed, its runtime hangs',
    'the next engine kills it, and finds the container as it is',
  )
})
