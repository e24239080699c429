import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classifyFailure, lastMessage } from '../../../../effects/runtime/failure.ts'
import { parseProcesses, parseRuntimeState } from '../../../../effects/runtime/state.ts'
import { hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll, isPresentable, outcomeOf } from '../property.ts'

const HIGHEST_PID = 4_194_304
const STATUSES = ['created', 'running', 'paused', 'stopped']

const pid = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: HIGHEST_PID }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1.5, 2 ** 53, HIGHEST_PID + 1, 1e300) },
)
const state = fc.record(
  {
    ociVersion: fc.constant('1.0.2-dev'),
    id: fc.oneof(fc.constant('web'), hostileText),
    status: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...STATUSES) },
      { weight: 1, arbitrary: hostileText },
    ),
    pid,
    bundle: fc.oneof(fc.constant('/srv/web'), hostileText),
    annotations: fc.dictionary(hostileText, hostileText, { maxKeys: 2 }),
  },
  { requiredKeys: ['id', 'status'] },
)
const outputs = fc.oneof(
  { weight: 2, arbitrary: state.map((value) => JSON.stringify(value)) },
  { weight: 4, arbitrary: mutated(state.map((value) => JSON.stringify(value, null, 2))) },
  { weight: 1, arbitrary: hostileText },
)

/** Of the whole text, or of what comes after lines that a wrapper wrote. */
function parsed(text: string, bracket: string): unknown {
  const lines = text.split('\n')
  const begin = lines.findLastIndex((line, index) => index > 0 && line.startsWith(bracket))
  for (const answer of [text, lines.slice(Math.max(begin, 0)).join('\n')]) {
    try {
      return JSON.parse(answer)
    } catch {}
  }
  return undefined
}

const isPid = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= HIGHEST_PID

describe('what a runtime says of a container', () => {
  test('is one of four states with a number that can be a process’s, or an error that says what is wrong', () => {
    holdsForAll({
      input: 'hostile runtime state',
      held: 'a known state, or an error that says what is wrong',
      cases: outputs,
      check(text) {
        const read = outcomeOf(() => parseRuntimeState(text))
        const sent = parsed(text, '{') as Record<string, unknown> | null | undefined
        if (read instanceof Error) {
          claim(/^(its (state|answer)|it reports)/.test(read.message), 'it says what')
          claim(isPresentable(read.message), 'its message is text')
          const { id, status, pid, bundle } = sent ?? {}
          const isRight = typeof id === 'string' && typeof bundle === 'string' && isPid(pid)
          claim(!(isRight && STATUSES.some((known) => known === status)), 'what is right is read')
          return 'refused'
        }
        claim(
          STATUSES.includes(read.status) && read.status === sent?.status,
          'the state is known, and was sent',
        )
        claim(read.pid === 0 || (isPid(read.pid) && read.pid === sent?.pid), 'so is the process')
        claim(read.id === sent?.id && read.bundle === (sent?.bundle ?? ''), 'and the rest')
        return 'taken'
      },
    })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('as a list of processes is numbers that can be processes’, or an error', () => {
    const list = fc.array(pid, { maxLength: 5 }).map((pids) => JSON.stringify(pids))
    holdsForAll({
      input: 'hostile list of processes',
      held: 'numbers that can be processes’, or an error',
      cases: fc.oneof(fc.constant('null'), list, mutated(list), hostileText),
      check(text) {
        const read = outcomeOf(() => parseProcesses(text))
        const sent = parsed(text, '[')
        const isRight = sent === null || (Array.isArray(sent) && sent.every(isPid))
        claim(isRight === Array.isArray(read), 'what is right is read, and nothing else')
        if (read instanceof Error) claim(isPresentable(read.message), 'its message is text')
        else claim(JSON.stringify(read) === JSON.stringify(sent ?? []), 'as it was sent')
        return isRight ? 'taken' : 'refused'
      },
    })
  })

  test('as the reason of a failure is read without an exception, and in bounds', () => {
    const log = fc.oneof(
      fc
        .record({ level: fc.constantFrom('error', 'warning', 'fatal'), msg: hostileText })
        .map((line) => JSON.stringify(line)),
      hostileText.map((words) => `time="2026-01-02" level=error msg="${words}"`),
      hostileText.map(
        (words) => `runc create failed: exec: "${words}": stat ${words}: no such file or directory`,
      ),
    )
    holdsForAll({
      input: 'hostile words of a runtime',
      held: 'one of six failures, and words within bounds',
      cases: mutated(fc.array(log, { maxLength: 3 }).map((texts) => texts.join('\n'))),
      check(text) {
        const words = lastMessage(text)
        claim(words === undefined || words.length <= 8192, 'the words are bounded')
        claim(
          words !== undefined || !/[a-z]{3}/.test(text.replace(/\\u[0-9a-f]{4}/g, '')) || text.includes('{'),
          'there are some',
        )
        const known = ['not-running', 'not-found', 'command-not-found', 'command-not-executable', 'other']
        claim(known.includes(classifyFailure(text)), 'the failure is one of those that are documented')
      },
    })
  })

  // Matched as a whole, each of these would take the square of its length: hours.
  test.each([
    'exec: ',
    'exec: stat ',
    'container ',
    'executable ',
    'executable file not found in ',
    'cannot open directory `',
  ])('is told apart in bounds where it is a megabyte of %j', (piece) => {
    const text = piece.repeat(2 ** 20 / piece.length)
    expect(lastMessage(text)?.length).toBeLessThanOrEqual(8192)
    expect(classifyFailure(text)).toBe('other')
    expect(classifyFailure(`exec: "${text}": stat ${text}: no such file or directory`)).toBe(
      'command-not-found',
    )
  })
})
