import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepEnd } from '../../../effects/program/output.ts'

const chunks = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), { maxLength: 40 })

describe('what is kept of an output', () => {
  it('is its end', () => {
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 100 }), (parts, limit) => {
        const keeper = keepEnd(limit)
        for (const part of parts) keeper.add(Buffer.from(part))
        expect(keeper.text()).toBe(parts.join('').slice(-limit))
      }),
    )
  })

  it('stays small while a gigabyte goes by', () => {
    const keeper = keepEnd(1000)
    const before = process.memoryUsage().arrayBuffers
    for (let index = 0; index < 10_000; index += 1) keeper.add(Buffer.alloc(100_000, index % 10))
    // Far more than what awaits collection, far less than all of it.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500_000_000)
    expect(keeper.text()).toHaveLength(1000)
  })
})
