import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogParser, formatLogLine, type ParsedLogLine } from '../../../effects/log/parse.ts'

const AT = '2026-01-02T03:04:05.678901234+00:00'

function parse(...chunks: (string | Buffer)[]): ParsedLogLine[] {
  const parser = createLogParser()
  return chunks.flatMap((chunk) => parser.push(Buffer.from(chunk)))
}

const line = fc.record({
  at: fc.constant(AT),
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  partial: fc.boolean(),
  data: fc
    .uint8Array({ maxLength: 200 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte)))),
})

describe('the log parser', () => {
  it('reads what conmon writes', () => {
    expect(parse(`${AT} stdout F hello world\n${AT} stderr P part\n${AT} stdout F \n`)).toEqual([
      { at: AT, stream: 'stdout', partial: false, data: Buffer.from('hello world') },
      { at: AT, stream: 'stderr', partial: true, data: Buffer.from('part') },
      { at: AT, stream: 'stdout', partial: false, data: Buffer.from('') },
    ])
  })

  it('is the inverse of formatting, however the bytes are cut up', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.nat(300), { maxLength: 30 }),
        (lines, cuts) => {
          const bytes = Buffer.concat(lines.map(formatLogLine))
          const parser = createLogParser()
          const found: ParsedLogLine[] = []
          let from = 0
          for (const cut of [...cuts, bytes.length]) {
            // The same memory for each chunk: the parser must not keep a view of it.
            const chunk = Buffer.from(bytes.subarray(from, from + cut))
            found.push(...parser.push(chunk))
            chunk.fill(0)
            from += cut
          }
          expect(found).toEqual(lines)
        },
      ),
    )
  })

  it('never throws, and loses no byte of what is no log', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const found = parse(Buffer.from(bytes), '\n')
        expect(Buffer.concat(found.map(formatLogLine)).length).toBe(bytes.length + 1)
      }),
    )
    expect(parse('nonsense\n')).toEqual([
      { at: '', stream: 'stdout', partial: false, data: Buffer.from('nonsense') },
    ])
    expect(parse(`${AT} stdin F x\n`)).toMatchObject([{ at: '', data: Buffer.from(`${AT} stdin F x`) }])
  })

  it('holds on to a bounded part of what has no newline', () => {
    const parser = createLogParser()
    let given = 0
    let back = 0
    for (let index = 0; index < 100; index += 1) {
      given += 100_000
      for (const { data } of parser.push(Buffer.alloc(100_000, 120))) back += data.length
      expect(given - back).toBeLessThan(400_000)
    }
  })
})
