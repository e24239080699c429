import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { RunchartError } from '../../../effects/errors.ts'
import { type ReadLogOptions, readLog } from '../../../effects/log/follow.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

/** Reads in the background; `until` resolves once the text so far ends as given. */
function reading(path: string, options: ReadLogOptions) {
  const seen = { text: '' }
  const ended = (async () => {
    for await (const chunk of readLog(path, options)) seen.text += chunk.toString()
  })()
  ended.catch(() => {})
  const until = async (end: string) => {
    while (!seen.text.endsWith(end)) await delay(2)
  }
  return { seen, ended, until }
}

describe('readLog', () => {
  it('gives what is there, in chunks of at most 64 KiB, and ends', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    const text = Buffer.alloc(200_000, 'abcdefg')
    writeFileSync(path, text)
    const chunks: Buffer[] = []
    for await (const chunk of readLog(path)) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(text)).toBe(true)
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536)
  })

  it('gives nothing of a file that is not there', async () => {
    await using directory = await temporaryDirectory()
    for await (const chunk of readLog(join(directory.path, 'log'))) expect(chunk).toBeUndefined()
  })

  it('follows a file that appears later, until all is written', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    const done = Promise.withResolvers<void>()
    const { seen, ended, until } = reading(path, { follow: done.promise })
    await delay(20)
    writeFileSync(path, 'one\n')
    await until('one\n')
    appendFileSync(path, 'two\n')
    await until('two\n')
    appendFileSync(path, 'three\n')
    done.resolve()
    await ended
    expect(seen.text).toBe('one\ntwo\nthree\n')
  })

  it('misses no wake-up, however the writes fall', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    const { until } = reading(path, { follow: delay(30_000, undefined, { ref: false }) })
    for (let index = 0; index < 300; index += 1) {
      appendFileSync(path, `line ${index}\n`)
      if (index % 3 === 0) await new Promise(setImmediate)
      if (index % 10 === 0) await until(`line ${index}\n`)
    }
    await until('line 299\n')
  })

  it('starts again from the beginning of a file cut short', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    writeFileSync(path, 'a long first line\n')
    const done = Promise.withResolvers<void>()
    const { seen, ended, until } = reading(path, { follow: done.promise })
    await until('first line\n')
    truncateSync(path)
    appendFileSync(path, 'short\n')
    await until('short\n')
    done.resolve()
    await ended
    expect(seen.text).toBe('a long first line\nshort\n')
  })

  it('goes on in a file that takes the place of the first', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    writeFileSync(path, 'first\n')
    const { seen, until } = reading(path, { follow: delay(30_000, undefined, { ref: false }) })
    await until('first\n')
    appendFileSync(path, 'rest\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'second\n')
    await until('second\n')
    expect(seen.text).toBe('first\nrest\nsecond\n')
  })

  it('ends with what there is when the promise is rejected', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    writeFileSync(path, 'all\n')
    const { seen, ended } = reading(path, { follow: Promise.reject(new Error('whatever')) })
    await ended
    expect(seen.text).toBe('all\n')
  })

  it('throws the reason when aborted, before and while it waits', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'log')
    writeFileSync(path, 'x\n')
    const stop = new AbortController()
    const follow = new Promise<void>(() => {})
    const { ended, until } = reading(path, { follow, signal: stop.signal })
    await until('x\n')
    stop.abort(new Error('enough'))
    await expect(ended).rejects.toThrow('enough')
    await expect(reading(path, { signal: stop.signal }).ended).rejects.toThrow('enough')
  })

  it('says that a directory cannot be watched', async () => {
    const follow = new Promise<void>(() => {})
    await expect(reading('/nonexistent/log', { follow }).ended).rejects.toThrow(RunchartError)
  })
})
