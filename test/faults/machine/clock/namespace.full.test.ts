import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../../effects/runtime/find.ts'
import { parseRuntimeState } from '../../../../effects/runtime/state.ts'
import { testPlace } from '../../../fixtures/engine.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'
import { recordFault } from '../../record.ts'
import { LONG } from '../full-place.ts'
import { remoteEngine } from '../remote-engine.ts'

/** Runs what follows in a time namespace that takes the machine for booted a day earlier. */
const ELSEWHERE = ['unshare', '--time', '--boottime', '86400']
const HERE: string[] = []

/** What a program says in a time namespace. */
function said([program = '', ...args]: string[]): string {
  return execFileSync(program, args, { encoding: 'latin1' })
}

const startOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])

test.each([
  ['made in this time namespace, found in another', HERE, ELSEWHERE],
  ['made in another time namespace, found in this one', ELSEWHERE, HERE],
])('a container %s lives on, and ends as it should', async (_, making, finding) => {
  const place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const { root, runRoot, rootfs } = place
  const roots = { root, runRoot, runtime: TEST_RUNTIME }
  await using first = await remoteEngine(roots, { by: making })
  const create = (script: string): Promise<string> =>
    first.create({ rootfs, command: ['sh', '-c', script], stopTimeout: 600 })
  const web = await create(LONG)
  const deaf = await create('trap "" TERM; echo ready; while :; do sleep 0.05; done')
  const created = await create('exit 4')
  for (const id of [web, deaf]) {
    await first.start(id)
    await expect
      .poll(() => readFileSync(join(root, 'containers', id, 'ctr.log'), 'utf8'), { timeout: 30_000 })
      .toContain('ready')
  }
  const pids = await Promise.all([web, deaf, created].map(async (id) => (await first.inspect(id)).pid))
  await first.close()

  // The two do not see the same time of start, and so the runtime takes the living for dead.
  const stats = [making, finding].map((by) => startOf(said([...by, 'cat', `/proc/${pids[0]}/stat`])))
  expect(Math.abs((stats[0] ?? 0) - (stats[1] ?? 0))).toBe(86_400 * 100)
  const state = [...finding, findProgram(TEST_RUNTIME), '--root', join(runRoot, 'runtime'), 'state', web]
  expect(parseRuntimeState(said(state))).toMatchObject({ status: 'stopped' })

  await using second = await remoteEngine(roots, { by: finding })
  const { containers } = await second.snapshot()
  expect(containers.map(({ id, state, pid }) => ({ id, state, pid }))).toEqual([
    { id: web, state: 'running', pid: pids[0] },
    { id: deaf, state: 'running', pid: pids[1] },
    { id: created, state: 'created', pid: pids[2] },
  ])
  await second.refresh(web)
  expect(await second.inspect(web)).toMatchObject({ state: 'running', pid: pids[0], exit: null })
  expect(await second.stop(web)).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  expect(await second.stop(deaf, { timeout: 0.1 })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  for (const id of [web, deaf, created]) await second.remove(id)
  for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH')
  expect(place.leftovers()).toEqual([])
  await second.close()
  recordFault('engine in another time namespace', 'nobody is taken for dead; stop, kill, remove work', 3)
})
