import { describe, expect, test } from 'vitest'
import { EXEC_OUTLIVED_KILL } from '../../machines/index.ts'
import { EXEC_INTO, HeldExec, PROCESS } from './held-exec.ts'

const into = async (state: string): Promise<HeldExec> => {
  const session = await EXEC_INTO[state]?.()
  if (session === undefined) throw new Error(`no way into ${state}`)
  return session
}
const exit = (code: number) => ({ type: 'exit.observed', code }) as const

describe('starting', () => {
  test('that fails ends the session with the reason', async () => {
    const session = await into('starting')
    const reason = new Error('no such file')
    await session.failed('startSession', reason)
    expect(session.state).toBe('failed')
    expect(session.context.failure).toBe(reason)
  })

  test('keeps an exit that comes before the process is known', async () => {
    const session = (await into('starting')).send(exit(4))
    await session.done('startSession', { process: undefined })
    expect(session.state).toBe('exited')
    expect(session.context.exit).toEqual({ code: 4, cause: 'exited' })
  })

  test('a stop asked for meanwhile signals the process once there is one', async () => {
    const session = (await into('starting')).send({ type: 'stop', signal: 12, graceMs: 1_000 })
    await session.done('startSession', { process: PROCESS })
    expect(session.state).toBe('stopping.signalling')
    expect(session.open('signalSession').input).toMatchObject({ signal: 12, process: PROCESS })
  })
})

describe('stopping', () => {
  test('sends its signal, and SIGKILL when the grace is over', async () => {
    const session = (await into('running')).send({ type: 'stop', signal: 15, graceMs: 10_000 })
    await session.done('signalSession')
    session.clock.increment(9_999)
    expect(session.state).toBe('stopping.signalling')
    session.clock.increment(1)
    expect(session.state).toBe('stopping.killing')
    expect(session.open('signalSession').input).toMatchObject({ signal: 9 })
  })

  test('ends with the exit', async () => {
    const session = (await into('stopping.signalling')).send(exit(143))
    expect(session.context.exit).toEqual({ code: 143, cause: 'stopped' })
  })

  test('a process that outlives SIGKILL is running again, and the stop failed', async () => {
    const session = await into('stopping.killing')
    await session.done('signalSession')
    session.clock.increment(4_999)
    expect(session.state).toBe('stopping.killing')
    session.clock.increment(1)
    expect(session.state).toBe('running')
    expect(session.context).toMatchObject({ failure: EXEC_OUTLIVED_KILL, stop: undefined })
  })

  test.each(['stopping.signalling', 'stopping.killing'])('%s that fails leaves it running', async (state) => {
    const session = await (await into(state)).failed('signalSession')
    expect(session.state).toBe('running')
    expect(session.context.failure).toBeInstanceOf(Error)
  })
})

describe('the cause of an exit', () => {
  test.each([
    [0, 'exited'],
    [7, 'exited'],
    [128, 'exited'],
    [129, 'signalled'],
    [137, 'signalled'],
    [-1, 'monitor-lost'],
  ])('%i: %s', async (code, cause) => {
    expect((await into('running')).send(exit(code)).context.exit).toEqual({ code, cause })
  })
})

describe('a session that an earlier engine had begun', () => {
  test.each([
    [{ found: 'running', process: PROCESS }, 'running'],
    [{ found: 'unwatched', process: PROCESS }, 'abandoning'],
    [{ found: 'ended', code: 3 }, 'exited'],
  ])('%j: %s', async (output, state) => {
    const session = await into('reconciling')
    expect(session.open('findSession').input).toMatchObject({ process: PROCESS })
    await session.done('findSession', output)
    expect(session.state).toBe(state)
  })

  test('is ended where the world gives no answer', async () => {
    const session = await (await into('reconciling')).failed('findSession')
    expect(session.state).toBe('abandoning')
  })
})

test.each(['done', 'failed'] as const)('one that nobody watches is killed: %s', async (how) => {
  const session = await into('abandoning')
  expect(session.open('signalSession').input).toMatchObject({ signal: 9, process: PROCESS })
  await session[how]('signalSession')
  expect(session.state).toBe('exited')
  expect(session.context.exit).toEqual({ code: -1, cause: 'monitor-lost' })
})

test('kill sends its signal, changes no state and leaves nothing behind in the chart', async () => {
  const session = await into('running')
  for (let request = 0; request < 50; request += 1) {
    session.send({ type: 'kill', signal: 10, request })
    expect(session.open('signalSession').input).toMatchObject({ signal: 10, request })
    await session.done('signalSession')
  }
  expect(session.state).toBe('running')
  expect(Object.keys(session.actor.getSnapshot().children)).toHaveLength(0)
})

test.each(['exited', 'failed'])('one that has %s is over', async (state) => {
  expect((await into(state)).actor.getSnapshot().status).toBe('done')
})

describe('what the world says of a session that an earlier engine had begun', () => {
  test.each([
    [3, 'exited'],
    [0, 'exited'],
    [128, 'exited'],
    [137, 'signalled'],
    [-1, 'monitor-lost'],
  ] as const)('is its exit: %i is %s', async (code, cause) => {
    const session = new HeldExec({ process: PROCESS })
    await session.done('findSession', { found: 'ended', code })
    expect(session.context.exit).toEqual({ code, cause })
  })

  test('is its process, and why it could not be found', async () => {
    const other = { ...PROCESS, pid: 77 }
    for (const found of ['running', 'unwatched']) {
      const session = new HeldExec({ process: PROCESS })
      await session.done('findSession', { found, process: other })
      expect(session.context.process).toEqual(other)
    }
    const lost = new HeldExec({ process: PROCESS })
    const reason = new Error('no')
    await lost.failed('findSession', reason)
    expect([lost.state, lost.context.failure]).toEqual(['abandoning', reason])
    expect(lost.open('signalSession').input).toMatchObject({ id: 's1', containerId: 'c1', process: PROCESS })
  })
})
