import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Resizer, resizeLine } from '../../../effects/attach/resize.ts'

describe('the line that resizes a terminal', () => {
  it('has the rows before the columns', () => {
    expect(resizeLine({ columns: 132, rows: 43 })).toBe('1 43 132\n')
  })

  it('names at most what conmon takes', () => {
    expect(resizeLine({ columns: 5000, rows: 1001 })).toBe('1 1000 1000\n')
  })

  it('is refused for what is no size', () => {
    const no = fc.oneof(
      fc.constantFrom(0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double({ max: 0 }),
    )
    fc.assert(
      fc.property(no, (count) => {
        expect(() => resizeLine({ columns: count, rows: 24 })).toThrow(
          expect.objectContaining({ code: 'EINPUT' }),
        )
        expect(() => resizeLine({ columns: 80, rows: count })).toThrow(
          expect.objectContaining({ code: 'EINPUT' }),
        )
      }),
    )
  })
})

it('a size for a conmon that is gone is an error that says so', async () => {
  const resizer = new Resizer('/nonexistent/ctl', 'c1')
  await expect(resizer.resize({ columns: 80, rows: 24 })).rejects.toThrow(
    expect.objectContaining({ code: 'EATTACHENDED', containerId: 'c1' }),
  )
})
