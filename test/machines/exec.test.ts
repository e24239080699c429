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

describe('an effect', () => {
  const OWN = { id: 's1', containerId: 'c1' }

  test('is told the session, its container and its process', async () => {
    expect((await into('starting')).open('startSession').input).toEqual({ ...OWN, process: undefined })
    expect((await into('reconciling')).open('findSession').input).toEqual({ ...OWN, process: PROCESS })
    for (const [state, signal] of [
      ['stopping.signalling', 15],
      ['stopping.killing', 9],
      ['abandoning', 9],
    ] as const) {
      expect((await into(state)).open('signalSession').input).toEqual({ ...OWN, process: PROCESS, signal })
    }
    const killed = (await into('running')).send({ type: 'kill', signal: 10, request: 3 })
    const wanted = { ...OWN, process: PROCESS, signal: 10, request: 3 }
    expect(killed.open('signalSession').input).toEqual(wanted)
  })

  test('that fails is a failure with its reason, which the next stop forgets', async () => {
    for (const state of ['stopping.signalling', 'stopping.killing']) {
      const session = await into(state)
      const reason = new Error('no')
      await session.failed('signalSession', reason)
      expect(session.context).toMatchObject({ stop: undefined, failure: reason })
      session.send({ type: 'stop', signal: 15, graceMs: 0 })
      expect(session.context).toMatchObject({ stop: { signal: 15, graceMs: 0 }, failure: undefined })
    }
    const abandoned = await into('abandoning')
    const reason = new Error('no')
    await abandoned.failed('signalSession', reason)
    expect(abandoned.context.failure).toBe(reason)
  })
})

test('what is known of a session before its command runs, and of one that an earlier engine had begun', () => {
  const empty = { stop: undefined, exit: undefined, failure: undefined }
  const own = { id: 's1', containerId: 'c1', ...empty }
  expect(new HeldExec().context).toEqual({ ...own, isKnown: false, process: undefined })
  expect(new HeldExec({ process: PROCESS }).context).toEqual({ ...own, isKnown: true, process: PROCESS })
})

test('a process is known though its exit was told before it', async () => {
  const session = (await into('starting')).send(exit(4))
  await session.done('startSession', { process: PROCESS })
  expect(session.context).toMatchObject({ process: PROCESS, exit: { code: 4 } })
})

test('a stop is remembered until its session has ended, and is the cause', async () => {
  const stop = { type: 'stop', signal: 12, graceMs: 1_000 } as const
  const starting = (await into('starting')).send(stop).send(exit(140))
  expect(starting.context).toMatchObject({ exit: { code: 140, cause: 'stopped' } })
  const found = (await into('reconciling')).send(stop)
  await found.done('findSession', { found: 'running', process: PROCESS })
  expect([found.state, found.context.stop]).toEqual(['stopping.signalling', { signal: 12, graceMs: 1_000 }])
  const over = (await into('reconciling')).send(stop)
  await over.done('findSession', { found: 'ended', code: 140 })
  expect(over.context.exit).toEqual({ code: 140, cause: 'stopped' })
})

test.each(Object.keys(EXEC_INTO))('%s says whether a process may live', async (state) => {
  const isLive = !['configured', 'exited', 'failed'].includes(state)
  expect((await into(state)).actor.getSnapshot().hasTag('live')).toBe(isLive)
})
