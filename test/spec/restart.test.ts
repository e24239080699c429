import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { readRestartPolicy } from '../../src/spec/policies/restart.ts'
import type { CreateOptions, RestartChoice } from '../../src/types.ts'

const read = (restart: unknown, rest: CreateOptions = {}) =>
  readRestartPolicy({ ...rest, restart: restart as RestartChoice })

describe('a restart policy', () => {
  test('is none where none is wanted', () => {
    expect([read(undefined), read('no'), read({ policy: 'no' }), read('no', { autoRemove: true })]).toEqual(
      Array(4).fill(undefined),
    )
  })

  test('by its name backs off from 0.1 s to a minute', () => {
    const backoff = { initialMs: 100, factor: 2, capMs: 60_000, jitter: 0.1, resetAfterMs: 10_000 }
    expect(read('always')).toEqual({ name: 'always', backoff })
    expect(read('on-failure:3')).toEqual({ name: 'on-failure', maxRetries: 3, backoff })
  })

  test('takes seconds', () => {
    const backOff = { initial: 0.5, factor: 1.5, cap: 5, jitter: 0, resetAfter: 2 }
    expect(read({ policy: 'unless-stopped', backOff })).toEqual({
      name: 'unless-stopped',
      backoff: { initialMs: 500, factor: 1.5, capMs: 5_000, jitter: 0, resetAfterMs: 2_000 },
    })
  })

  test.each([
    '',
    'sometimes',
    'always:3',
    'on-failure:',
    'on-failure:-1',
    'on-failure:x',
    null,
    7,
    {},
    { policy: 'always', maxRetries: 3 },
    { policy: 'on-failure', maxRetries: 1.5 },
    { policy: 'always', backOff: { initial: -1 } },
    { policy: 'always', backOff: { factor: 0.5 } },
    { policy: 'always', backOff: { factor: Number.POSITIVE_INFINITY } },
    { policy: 'always', backOff: { jitter: 2 } },
    { policy: 'always', backOff: { initial: 5, cap: 1 } },
    { policy: 'always', backOff: { resetAfter: '1' } },
  ])('%j is refused, with a hint', (restart) => {
    expect(() => read(restart)).toThrow(InvalidInputError)
    expect(() => read(restart)).toThrow(expect.objectContaining({ hint: expect.stringMatching(/\w/) }))
  })

  test('is refused beside a removal by itself', () => {
    expect(() => read('always', { autoRemove: true })).toThrow('cannot be restarted: always')
  })
})
