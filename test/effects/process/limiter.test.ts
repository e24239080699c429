import { describe, expect, it } from 'vitest'
import { createLimiter } from '../../../effects/process/limiter.ts'

describe('createLimiter', () => {
  it('runs no more at once than it may, in order', async () => {
    const limit = createLimiter(2)
    const order: number[] = []
    let running = 0
    let most = 0
    const task = (index: number) => async () => {
      order.push(index)
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      running -= 1
      return index
    }
    expect(await Promise.all([0, 1, 2, 3, 4].map((index) => limit(task(index))))).toEqual([0, 1, 2, 3, 4])
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(most).toBe(2)
  })

  it('hands on what a task throws, and goes on', async () => {
    const limit = createLimiter(1)
    await expect(limit(() => Promise.reject(new Error('bad')))).rejects.toThrow('bad')
    const thrower = () => {
      throw new Error('worse')
    }
    await expect(limit(thrower)).rejects.toThrow('worse')
    expect(await limit(async () => 'good')).toBe('good')
  })

  it('never runs a task that was aborted while it waited, and says so at once', async () => {
    const limit = createLimiter(1)
    const first = Promise.withResolvers<void>()
    const stop = new AbortController()
    let ran = false
    const busy = limit(() => first.promise)
    const waiting = limit(async () => {
      ran = true
    }, stop.signal)
    stop.abort(new Error('no longer'))
    await expect(waiting).rejects.toThrow('no longer')
    first.resolve()
    await busy
    expect(await limit(async () => 'next')).toBe('next')
    expect(ran).toBe(false)
  })

  it('leaves a running task to see to its own signal', async () => {
    const limit = createLimiter(1)
    const stop = new AbortController()
    const task = Promise.withResolvers<string>()
    const running = limit(() => task.promise, stop.signal)
    await new Promise(setImmediate)
    stop.abort()
    task.resolve('done all the same')
    expect(await running).toBe('done all the same')
  })

  it('lets others go on where a task takes long, and still hands on what it comes to', async () => {
    const limit = createLimiter(1, { placeMs: 10 })
    const hung = Promise.withResolvers<string>()
    const first = limit(() => hung.promise)
    expect(await limit(async () => 'second')).toBe('second')
    hung.resolve('first')
    expect(await first).toBe('first')
  })
})
