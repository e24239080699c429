import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeLifeline, openBothEnds } from '../../../../effects/conmon/lifeline.ts'
import { createLineReader, MAX_SYNC_LINE, parseSyncMessage } from '../../../../effects/conmon/sync-pipe.ts'
import { held } from '../../../effects/lab.ts'
import { temporaryDirectory } from '../../../fixtures/temporary.ts'
import { cuts, cutUp, hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll, isPresentable } from '../property.ts'

const HIGHEST_PID = 4_194_304

const pids = fc.oneof(
  fc.integer({ min: -2, max: HIGHEST_PID + 2 }),
  fc.constantFrom(1.5, 1e99, -1, 0, 2 ** 53),
)
const message = fc.record(
  { pid: pids, data: pids, message: hostileText, exit_code: fc.integer({ min: -1, max: 255 }) },
  { requiredKeys: [] },
)
const lines = fc.oneof(
  { weight: 5, arbitrary: mutated(message.map((value) => JSON.stringify(value))) },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.array(message, { maxLength: 1 }).map((list) => JSON.stringify(list)) },
)

/** Read in another way: what the line says, if it says anything. */
function said(line: string): { pid?: unknown; data?: unknown; message?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isQuote = (words: string): boolean =>
  words.startsWith('conmon sent no message but "') && isPresentable(words)

const isPid = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= HIGHEST_PID

describe('a message of conmon’s', () => {
  test('is a process number that can be one, or a failure with its words, whatever comes', () => {
    holdsForAll({
      input: 'hostile sync pipe message',
      held: 'a pid that can be one, or a failure in words',
      cases: lines,
      check(line) {
        const result = parseSyncMessage(line)
        const value = said(line)
        if ('pid' in result) {
          claim(isPid(result.pid), 'it is in range')
          claim(value?.pid === result.pid || value?.data === result.pid, 'it is what was sent')
          return 'taken'
        }
        claim(typeof result.failed === 'string', 'a failure has words')
        if (value === undefined) claim(isQuote(result.failed), 'what is no message is quoted')
        else if (typeof value.message === 'string')
          claim(result.failed === value.message.trim(), 'its own words')
        claim(!isPid(value?.pid), 'a container that was made is not lost')
        return 'refused'
      },
    })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('is put together however its bytes are cut, in the middle of a character too', () => {
    holdsForAll({
      input: 'sync pipe message in pieces',
      held: 'the same line',
      cases: fc.tuple(lines, hostileText, fc.boolean(), cuts),
      check([first, later, isWhole, places]) {
        const text = isWhole ? `${first}\n${later}` : first
        const reader = createLineReader()
        const told = cutUp(Buffer.from(text), places)
          .map((chunk) => reader.push(chunk))
          .filter((line) => line !== undefined)
        // A lone surrogate is no character: it is the replacement on every way.
        const wanted = Buffer.from(text).toString().split('\n', 1)[0] ?? ''
        claim(told.length === (text.includes('\n') ? 1 : 0), 'a line is told once, at its end')
        claim((told[0] ?? reader.rest()) === wanted, 'nothing of it is lost or changed')
        if (told.length === 1) claim(reader.rest() === '', 'nothing is kept of what comes after it')
      },
    })
  })

  test('that has no end is given up, and no more of it is kept', () => {
    const reader = createLineReader()
    const chunk = Buffer.alloc(10_000, 'x')
    const told = Array.from({ length: 1_000 }, () => reader.push(chunk)).filter((line) => line !== undefined)
    expect(told).toHaveLength(1)
    expect(told[0]?.length).toBeLessThanOrEqual(MAX_SYNC_LINE + chunk.length)
    expect(reader.rest()).toBe('')
    expect(parseSyncMessage(told[0] ?? '')).toHaveProperty('failed')
  })

  test('comes through a real FIFO as it was written', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    for (const [text, wanted] of [
      ['{"pid": 5}\n{"pid": 6}\n', { pid: 5 }],
      ['{"pid": -1, "message": "né€😀"}\n', { failed: 'né€😀' }],
      ['{"pid": 7', { failed: 'conmon sent no message but "{\\"pid\\": 7"' }],
    ] as const) {
      const ends = openBothEnds(path)
      const pipe = ends.watch()
      onTestFinished(() => pipe.close())
      for (const byte of Buffer.from(text)) writeSync(ends.writerFd, Buffer.of(byte))
      closeSync(ends.writerFd)
      expect(parseSyncMessage(await held(pipe.line))).toEqual(wanted)
      await held(pipe.ended)
    }
  })
})
