import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { Subject } from 'rxjs'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { watchIdle } from '../../src/api/idle.ts'
import type { ContainerInfo, Engine } from '../../src/types.ts'

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

/** Whether an owner with that container leaves, nobody asking anything. */
function leaves(info: Partial<ContainerInfo>): boolean {
  const engine = { events: new Subject(), snapshot: () => ({ containers: [info], seq: 0 }) }
  const onIdle = vi.fn()
  const stop = watchIdle([new EventEmitter() as Server], engine as unknown as Engine, 60, onIdle)
  vi.advanceTimersByTime(120_000)
  stop()
  return onIdle.mock.calls.length > 0
}

const policy = (state: NonNullable<ContainerInfo['restart']>['state']): Partial<ContainerInfo> => ({
  state: 'exited',
  restart: { policy: 'always', maxRetries: null, state },
})

test('an owner stays while something lives', () => {
  expect(leaves({ state: 'running', restart: null })).toBe(false)
  expect(leaves({ state: 'exited', restart: null })).toBe(true)
})

test('an owner stays while a restart is due, and leaves where none is', () => {
  expect(leaves(policy('backing-off'))).toBe(false)
  expect(leaves(policy('restarting'))).toBe(false)
  expect(leaves(policy('given-up'))).toBe(true)
  expect(leaves(policy('stopped-by-user'))).toBe(true)
})

test('an owner stays while another server of its is asked', () => {
  const [socket, inspector] = [new EventEmitter(), new EventEmitter()]
  const engine = { events: new Subject(), snapshot: () => ({ containers: [], seq: 0 }) }
  const onIdle = vi.fn()
  onTestFinished(watchIdle([socket, inspector] as Server[], engine as unknown as Engine, 60, onIdle))
  const response = new EventEmitter()
  inspector.emit('request', {}, response)
  vi.advanceTimersByTime(120_000)
  expect(onIdle).not.toHaveBeenCalled()
  response.emit('close')
  vi.advanceTimersByTime(60_000)
  expect(onIdle).toHaveBeenCalledOnce()
})
