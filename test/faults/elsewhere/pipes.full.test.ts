import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { RuntimeError } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { script, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { eventually, failureOf, OBEYS } from './lab.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 20: a runtime that writes more than a pipe holds, on both streams, still does its work', async () => {
  const [wrote, refusing] = [join(place.path, 'wrote'), join(place.path, 'refusing')]
  const megabyte = "head -c 1048576 /dev/zero | tr '\\0' x; echo"
  const runtime = script(
    place.path,
    'talkative',
    `for word in "$@"; do
  case "$word" in start|pause|resume|kill|delete) { ${megabyte}; } >&2; ${megabyte}; echo $word >> ${wrote};; esac
  # What it writes to its standard output is its answer.
  case "$word" in state) { ${megabyte}; } >&2; echo $word >> ${wrote};; esac
done
if [ -e ${refusing} ]; then echo "the last words" >&2; exit 1; fi
exec ${findProgram(TEST_RUNTIME)} "$@"`,
  )
  const engine = await place.open({ runtime })
  const container = await place.sh(engine, OBEYS, { stopTimeout: 600 })
  await container.start()
  writeFileSync(refusing, '')
  const error = (await failureOf(container.kill('USR1'))) as RuntimeError
  rmSync(refusing)
  await container.pause()
  await container.resume()
  await container.refresh()
  await container.stop({ timeout: 0 })
  await eventually(() => container.state).toBe('exited')
  const verbs = ['start', 'kill', 'pause', 'resume', 'state', 'kill', 'delete']
  expect(readFileSync(wrote, 'utf8').trim().split('\n')).toEqual(verbs)

  expect(error).toMatchObject({ code: 'ERUNTIME', program: { exitCode: 1, logLine: 'the last words' } })
  expect(error.program.stderr.length).toBeLessThanOrEqual(65_536)
  recordFault('20: 2 MiB of a runtime’s words', 'the verb is done; 64 KiB are kept', verbs.length)
})

test('failure 21: an attachment that nobody reads freezes neither its container nor the log', async () => {
  const engine = await place.open()
  const container = await place.sh(engine, 'yes 0123456789 | head -n 300000; exit 6')
  const idle = await container.attach({ maxBufferedBytes: 4_096 })
  await container.start()
  expect(await container.wait()).toMatchObject({ code: 6 })
  let logged = 0
  for await (const { data, partial } of container.logs()) logged += data.length + (partial ? 0 : 1)
  expect(logged).toBe(3_300_000)

  await idle.ended
  let kept = 0
  const reading = async (): Promise<void> => {
    for await (const { data } of idle.output) kept += data.length
  }
  expect(await failureOf(reading())).toMatchObject({ code: 'ESLOWREADER', hint: expect.any(String) })
  expect(kept).toBeLessThanOrEqual(4_096)
  recordFault('21: an attachment that is not read', 'it is cut off; the container and its log go on')
})
