import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { RuntimeError } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { script, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { remoteEngine } from './remote-engine.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Commands for a terminal, zeros, text from right to left, what is no UTF-8, and a line of 8 KiB. */
const NOISE = Buffer.concat([
  Buffer.from('\u001b[2J\u001b[31mnoise\u0000\u0007\u202e\n{"\n'),
  Buffer.of(0xff, 0xfe, 0x9b, 0xc3, 0x0a),
  Buffer.from(`${'n'.repeat(8192)}\n`),
])
/** What no line of a message may have. */
const UNSEEN = /\p{C}/u

/** The real runtime, which does something first. */
const runtimeAfter = (name: string, doing: string): string =>
  script(place.path, name, `${doing}\nexec ${findProgram(TEST_RUNTIME)} "$@"`)

test('a runtime that writes noise to both streams is understood all the same', async () => {
  const noise = join(place.path, 'noise')
  writeFileSync(noise, NOISE)
  const noisy = `cat ${noise}; cat ${noise} >&2; printf '\\033[1mtitle\\007' >&2`
  const runtime = runtimeAfter('noisy', `${noisy}; case " $* " in *' pause '*) exit 1 ;; esac`)
  const engine = await place.open({ runtime })

  const create = engine.create({ rootfs: place.rootfs, command: ['/no/such'] })
  const missing = (await create.catch((error: unknown) => error)) as RuntimeError
  expect(missing).toMatchObject({ code: 'ERUNTIME', failure: 'command-not-found' })
  expect(missing.program.stderr).toMatch(UNSEEN)
  expect(missing.message).toMatch(/^noisy create \w+: .*\/no\/such/)
  expect(missing.message).not.toMatch(UNSEEN)

  const web = await place.sh(engine, 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done')
  await web.start()
  // It fails, and says nothing of its own.
  const pause = (await web.pause().catch((error: unknown) => error)) as RuntimeError
  expect(pause).toMatchObject({ code: 'ERUNTIME', message: expect.stringContaining('title') })
  expect(pause.message).not.toMatch(UNSEEN)
  expect((await web.refresh()).state).toBe('running')
  expect((await web.top())[0]?.pid).toBe(web.inspect().pid)
  const exec = (await web.exec(['/no/such']).catch((error: unknown) => error)) as RuntimeError
  expect(exec).toMatchObject({ failure: 'command-not-found' })
  expect(exec.message).not.toMatch(UNSEEN)
  expect(await web.stop({ timeout: 30 })).toMatchObject({ code: 5 })
  await web.remove()
  expect(place.leftovers()).toEqual([])
  recordFault('runtime writes noise to both streams', 'its words are found, and printable')
})

test('a runtime that writes 100 MB to each stream: the right result, in little memory', async () => {
  const flood = 'head -c 100000000 /dev/zero; echo; head -c 100000000 /dev/zero >&2; echo >&2'
  const runtime = runtimeAfter('flooding', `case " $* " in *' start '* | *' state '*) ${flood} ;; esac`)
  const { root, runRoot, rootfs } = place
  await using engine = await remoteEngine({ root, runRoot, runtime })
  const create = (script: string): Promise<string> =>
    engine.create({ rootfs, command: ['sh', '-c', script], stopTimeout: 600 })
  const id = await create('trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done')
  const before = await engine.peakMemory()
  await engine.start(id)
  expect((await engine.refresh(id)).state).toBe('running')
  // Less than it wrote for one verb. Chunks that were read and wait to be collected make up most of it.
  expect((await engine.peakMemory()) - before).toBeLessThan(200_000_000)
  expect(await engine.stop(id)).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  await engine.remove(id)
  recordFault('runtime writes 100 MB to each stream', 'right results, bounded memory', 2)
})

test('a runtime that writes more at a create than conmon takes fails in time, and leaves nothing', async () => {
  const engine = await place.open({
    runtime: runtimeAfter('flooding', 'case "$*" in *create*) head -c 100000000 /dev/zero ;; esac'),
    runtimeTimeout: 4,
  })
  const create = engine.create({ rootfs: place.rootfs, command: ['true'] })
  // conmon reads its runtime's output when that has ended, which it does not as long as nobody reads.
  await expect(create).rejects.toMatchObject({ code: 'ERUNTIME', failure: 'timed-out' })
  expect(place.leftovers()).toEqual([])
  recordFault('runtime floods conmon at a create', 'timed-out, nothing left')
})
