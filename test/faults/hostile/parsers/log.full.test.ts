import fc from 'fast-check'
import { describe, test } from 'vitest'
import { createLogParser, formatLogLine, type ParsedLogLine } from '../../../../effects/log/parse.ts'
import { cuts, cutUp, hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll } from '../property.ts'

const AT = '2026-01-02T03:04:05.678901234+00:00'
const NEWLINE = 0x0a
/** The longest that stands before a line's text. */
const MAX_HEADER = 80
/** Small, so that many lines are longer. */
const MAX_LINE = 120

const text = fc.oneof(hostileText, fc.string({ maxLength: 150 })).map((piece) => piece.replaceAll('\n', '↵'))
const line = fc.record({
  at: fc.constant(AT),
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  partial: fc.boolean(),
  data: text.map((piece) => Buffer.from(piece)),
})
const lines = fc.array(line, { maxLength: 6 })
const log = mutated(lines.map((all) => all.map((each) => formatLogLine(each).toString()).join('')))

/** The pieces as they come, each chunk's memory used again as soon as it was given. */
function parse(chunks: readonly Buffer[], maxLine?: number): ParsedLogLine[] {
  const parser = createLogParser(maxLine === undefined ? {} : { maxLine })
  return chunks.flatMap((chunk) => {
    const memory = Buffer.from(chunk)
    const found = parser.push(memory)
    memory.fill(0)
    return found
  })
}

const told = ({ at, stream, partial, data }: ParsedLogLine): string =>
  `${at} ${stream} ${partial} ${data.toString('hex')}`

describe('a log', () => {
  test('is the lines that conmon wrote, however it is cut, in the middle of a character too', () => {
    holdsForAll({
      input: 'log in pieces',
      held: 'the same lines',
      cases: fc.tuple(lines, cuts),
      check([wanted, places]) {
        const bytes = Buffer.concat(wanted.map(formatLogLine))
        const found = parse(cutUp(bytes, places))
        claim(found.length === wanted.length, 'there are as many')
        for (const [index, { at, stream, partial, data }] of wanted.entries()) {
          const same = found[index]
          claim(same?.at === at && same.stream === stream && same.partial === partial, 'its header')
          claim(same.data.equals(data), 'its text')
        }
      },
    })
  })

  test('that conmon has not written is read to its last byte, the same however it is cut', () => {
    holdsForAll({
      input: 'hostile log',
      held: 'no byte lost, no exception, the same lines however cut',
      cases: fc.tuple(log, cuts),
      check([content, places]) {
        const bytes = Buffer.from(`${content}\n`)
        const whole = parse([bytes])
        const newlines = bytes.reduce((count, byte) => count + Number(byte === NEWLINE), 0)
        claim(whole.length === newlines, 'each line is told')
        const kept = Buffer.concat(whole.map(formatLogLine))
        // A tag may be longer than the one that is written again.
        claim(
          kept.length <= bytes.length && kept.length >= bytes.length - whole.length * MAX_HEADER,
          'all of it',
        )
        const cut = parse(cutUp(bytes, places))
        claim(whole.map(told).join('\n') === cut.map(told).join('\n'), 'cutting changes nothing')
        for (const { at, stream } of whole) {
          claim(/^[\dTZ:.+-]{0,40}$/.test(at), 'a time is one')
          claim(stream === 'stdout' || stream === 'stderr', 'and a stream')
        }
      },
    })
  })

  test('with lines beyond all bounds is handed on in parts, of which no more than a line is held', () => {
    holdsForAll({
      input: 'log line without end',
      held: 'bounded memory, no byte lost',
      cases: fc.tuple(fc.array(text, { maxLength: 3 }), fc.nat(500), fc.boolean(), cuts),
      check([all, more, isEnded, places]) {
        const endless = Buffer.from(`${all.join('')}${'é'.repeat(more)}`).toString('latin1')
        const content = Buffer.from(`${AT} stderr F ${endless}`, 'latin1')
        const parser = createLogParser({ maxLine: MAX_LINE })
        let given = 0
        let back = 0
        const data: Buffer[] = []
        for (const chunk of cutUp(Buffer.concat([content, Buffer.from(isEnded ? '\n' : '')]), places)) {
          given += chunk.length
          for (const part of parser.push(chunk)) {
            back += part.data.length
            data.push(part.data)
            claim(part.at === AT && part.stream === 'stderr', 'each part has the header of its line')
          }
          claim(given - back <= MAX_LINE + MAX_HEADER, 'no more is held')
        }
        if (isEnded) claim(Buffer.concat(data).toString('latin1') === endless, 'nothing is lost or changed')
      },
    })
  })
})
