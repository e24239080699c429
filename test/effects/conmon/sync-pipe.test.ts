import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_SYNC_LINE, parseSyncMessage } from '../../../effects/conmon/sync-pipe.ts'

describe('parseSyncMessage', () => {
  it.each([
    ['{"pid": 4711}', { pid: 4711 }],
    ['{"data": 4711}', { pid: 4711 }],
    ['{"pid": -1, "message": "runc: bad\\n"}', { failed: 'runc: bad' }],
    ['{"pid": -1}', { failed: '' }],
    ['{"pid": 0}', { failed: '' }],
    ['{"pid": 1e99}', { failed: '' }],
    ['{"pid": "5"}', { failed: '' }],
    ['{"pid": 1.5}', { failed: '' }],
    ['', { failed: 'conmon sent no message but ""' }],
    ['null', { failed: 'conmon sent no message but "null"' }],
    ['{"pid": 47', { failed: 'conmon sent no message but "{\\"pid\\": 47"' }],
  ])('%s', (line, message) => {
    expect(parseSyncMessage(line)).toEqual(message)
  })

  it('does not take a line too long for a message', () => {
    const line = JSON.stringify({ pid: 5, message: 'x'.repeat(MAX_SYNC_LINE) })
    const message = parseSyncMessage(line)
    expect('failed' in message && message.failed.length).toBeLessThan(500)
  })

  it('never throws, and never gives a number that is no pid', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        const message = parseSyncMessage(line)
        if ('pid' in message) expect(message.pid).toBeGreaterThan(0)
      }),
    )
  })
})
