import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { type ExitCause, type KnownRestarts, restartMachine } from '../../../machines/index.ts'
import { BACK_OFF, HeldRestart, INTO, opened, policy, running } from './held.ts'

type Name = Parameters<typeof policy>[0]
const NAMES: readonly Name[] = ['no', 'on-failure', 'always', 'unless-stopped']

/** As often as it fails, with each restart succeeding. */
async function crash(chart: HeldRestart, times: number): Promise<HeldRestart> {
  for (let run = 0; run < times; run += 1) {
    await chart.exited(1).afterWait().restarted()
    chart.send({ type: 'container.started', generation: chart.context.generation })
  }
  return chart
}

describe('what becomes of a container whose run has ended', () => {
  const restarts = 'backing-off'
  const stopped = 'stopped-by-user'
  test.each<[ExitCause, number, string, string, string, string]>([
    // cause and code, then what each policy makes of it
    ['exited', 0, 'idle', 'idle', restarts, restarts],
    ['exited', 1, 'idle', restarts, restarts, restarts],
    ['signalled', 143, 'idle', restarts, restarts, restarts],
    ['oom', 137, 'idle', restarts, restarts, restarts],
    ['monitor-lost', -1, 'idle', restarts, restarts, restarts],
    ['host-restart', -1, 'idle', restarts, restarts, restarts],
    ['create-failed', -1, 'idle', restarts, restarts, restarts],
    ['checkpointed', 137, 'idle', 'idle', 'idle', 'idle'],
    ['stopped-by-user', 0, stopped, stopped, stopped, stopped],
    ['stopped-by-user', 143, stopped, stopped, stopped, stopped],
  ])('%s with code %i', (cause, code, ...expected) => {
    const become = NAMES.map((name) => {
      const chart = running({ policy: policy(name) })
      chart.send({ type: 'container.exited', generation: 1, code, cause })
      return chart.state
    })
    expect(become).toEqual(expected)
  })
})

describe('a restart', () => {
  test('is told the run before and how many there were in a row', async () => {
    const chart = (await crash(running(), 1)).exited(1).afterWait()
    expect(chart.calls.open('restartContainer').input).toEqual({ id: 'c1', generation: 2, attempt: 2 })
  })

  test('begins when its wait is over, not before', () => {
    const chart = running().exited(1)
    expect(chart.context.delayMs).toBe(BACK_OFF.initialMs)
    expect(chart.after(BACK_OFF.initialMs - 1).state).toBe('backing-off')
    expect(chart.after(1).state).toBe('restarting')
  })

  test('that fails is a run that failed: the next one waits for longer', async () => {
    const chart = running().exited(1).afterWait()
    const reason = new Error('no space left')
    await chart.restartFailed(reason)
    expect(chart.state).toBe('backing-off')
    expect(chart.context).toMatchObject({ attempt: 2, restarts: 2, delayMs: 2_000, failure: reason })
  })

  test('that fails is counted once, though the run that it could not make is told of too', async () => {
    const chart = running().exited(1).afterWait()
    await chart.restartFailed()
    chart.send({ type: 'container.exited', generation: 2, code: -1, cause: 'create-failed' })
    expect([chart.state, chart.context.restarts]).toEqual(['backing-off', 2])
  })

  test('whose failed run is told of first is counted once', async () => {
    const chart = running().exited(1).afterWait()
    const call = chart.calls.open('restartContainer')
    chart.send({ type: 'container.exited', generation: 2, code: -1, cause: 'create-failed' })
    expect(call.signal.aborted).toBe(true)
    expect([chart.state, chart.context.restarts]).toEqual(['backing-off', 2])
  })

  test('that succeeds clears the reason for which the last one failed', async () => {
    const chart = running().exited(1).afterWait()
    await chart.restartFailed()
    await chart.afterWait().restarted()
    expect([chart.state, chart.context.failure]).toEqual(['running', undefined])
  })

  test('that succeeds is not undone by a second report of the exit before it', async () => {
    const chart = running().exited(1).afterWait()
    await chart.restarted()
    chart.send({ type: 'container.exited', generation: 1, code: 1, cause: 'exited' })
    expect(chart.state).toBe('running')
    chart.send({ type: 'container.exited', generation: 2, code: 1, cause: 'exited' })
    expect(chart.state).toBe('backing-off')
  })

  test('whose run is over before it was seen to run is a run like any other', () => {
    const chart = running().exited(1).afterWait().exited(1)
    expect([chart.state, chart.context.attempt, chart.calls.isOpen('restartContainer')]).toEqual([
      'backing-off',
      2,
      false,
    ])
  })

  test('fails where nobody has provided it', async () => {
    const { clock } = running()
    const actor = createActor(restartMachine, {
      input: { id: 'c1', policy: policy('always'), random: () => 0 },
      clock,
    }).start()
    actor.send({ type: 'container.started', generation: 1 })
    actor.send({ type: 'container.exited', generation: 1, code: 1, cause: 'exited' })
    clock.increment(BACK_OFF.initialMs)
    await expect.poll(() => String(actor.getSnapshot().context.failure)).toContain('restartContainer')
  })
})

describe('on-failure', () => {
  test('gives up after as many restarts as it allows', async () => {
    const chart = await crash(running(), 3)
    expect(chart.state).toBe('running')
    expect(chart.exited(1).state).toBe('given-up')
    expect(chart.after(60 * 60_000).state).toBe('given-up')
  })

  test('gives up after one where it allows one', async () => {
    const chart = await crash(running({ policy: policy('on-failure', 1) }), 1)
    expect([chart.state, chart.exited(1).state]).toEqual(['running', 'given-up'])
  })

  test('gives up with a restart that fails too', async () => {
    const chart = (await crash(running(), 2)).exited(1).afterWait()
    const reason = new Error('no space left')
    await chart.restartFailed(reason)
    expect([chart.state, chart.context.failure]).toEqual(['given-up', reason])
  })

  test('counts the restarts that were far apart, too', async () => {
    const chart = running()
    for (let run = 0; run < 3; run += 1) await crash(chart.after(BACK_OFF.resetAfterMs), 1)
    expect(chart.exited(1).state).toBe('given-up')
  })

  test('counts anew when the user starts it', async () => {
    const chart = (await crash(running(), 3)).exited(1).send({ type: 'start.asked' }).started()
    expect((await crash(chart, 3)).state).toBe('running')
  })

  test.each([undefined, 0])('%s: it never gives up', async (maxRetries) => {
    const chart = await crash(running({ policy: policy('on-failure', maxRetries) }), 50)
    expect(chart.exited(1).state).toBe('backing-off')
  })

  test('is the only policy that gives up', async () => {
    const chart = await crash(running({ policy: policy('always', 1) }), 3)
    expect(chart.exited(1).state).toBe('backing-off')
  })
})

describe('the wish to be stopped', () => {
  test('holds whatever the run then ends with', () => {
    const chart = INTO['stopped-by-user']?.()
    chart?.send({ type: 'container.exited', generation: 1, code: 1, cause: 'exited' })
    expect(chart?.after(60 * 60_000).state).toBe('stopped-by-user')
  })

  test('holds though the run that it came too late for begins', () => {
    const chart = INTO.starting?.().send({ type: 'stop.asked' }).started()
    expect(chart?.state).toBe('stopped-by-user')
  })

  test('ends a wait', () => {
    const chart = running().exited(1).send({ type: 'stop.asked' })
    expect(chart.after(60 * 60_000).state).toBe('stopped-by-user')
  })

  test('ends a restart', () => {
    const chart = running().exited(1).afterWait()
    const call = chart.calls.open('restartContainer')
    chart.send({ type: 'stop.asked' })
    expect(call.signal.aborted).toBe(true)
  })

  test('is over when the user starts it; the exit of the stopped run does not bring it back', () => {
    const chart = INTO['stopped-by-user']?.().send({ type: 'start.asked' })
    chart?.send({ type: 'container.exited', generation: 1, code: 143, cause: 'stopped-by-user' })
    expect(chart?.state).toBe('starting')
  })
})

describe('the user’s start', () => {
  test.each(['backing-off', 'restarting', 'given-up', 'stopped-by-user'])('in %s counts anew', (state) => {
    const chart = INTO[state]?.().send({ type: 'start.asked' })
    expect(chart?.context).toMatchObject({ attempt: 0, restarts: 0, failure: undefined })
    expect(chart?.calls.isOpen('restartContainer')).toBe(false)
    expect(chart?.after(60 * 60_000).state).toBe('starting')
  })

  test('clears the reason for which the last restart failed', async () => {
    const chart = await running().exited(1).afterWait().restartFailed()
    expect(chart.send({ type: 'start.asked' }).context.failure).toBeUndefined()
  })
})

describe('an engine that opens', () => {
  test.each<[KnownRestarts['state'], string]>([
    ['idle', 'idle'],
    ['starting', 'starting'],
    ['running', 'running'],
    ['steady', 'running'],
    ['backing-off', 'backing-off'],
    ['restarting', 'backing-off'],
    ['given-up', 'given-up'],
    ['stopped-by-user', 'stopped-by-user'],
  ])('finds what was %s %s', (known, found) => {
    for (const name of NAMES) expect(opened(known, { policy: policy(name) }).state).toBe(found)
  })

  test('after a restart of the machine starts what the user had stopped under always alone', () => {
    const states = NAMES.map((name) => {
      const known = { state: 'stopped-by-user', generation: 4, attempt: 2, restarts: 2 } as const
      return new HeldRestart({ policy: policy(name), known: { ...known, afterRestart: true } }).state
    })
    expect(states).toEqual(['stopped-by-user', 'stopped-by-user', 'restarting', 'stopped-by-user'])
  })

  test('after a restart of the machine begins to count with the start that follows', async () => {
    const known = {
      state: 'stopped-by-user',
      generation: 4,
      attempt: 2,
      restarts: 2,
      afterRestart: true,
    } as const
    const chart = new HeldRestart({ policy: policy('always'), known })
    expect(chart.calls.open('restartContainer').input).toEqual({ id: 'c1', generation: 4, attempt: 0 })
    await chart.restartFailed()
    expect([chart.state, chart.context.attempt, chart.context.delayMs]).toEqual(['backing-off', 1, 1_000])
  })

  test.each(['idle', 'given-up'] as const)('after a restart of the machine leaves what was %s', (state) => {
    const known = { state, generation: 4, attempt: 2, restarts: 2, afterRestart: true }
    expect(new HeldRestart({ policy: policy('always'), known }).state).toBe(state)
  })

  test('begins the wait that was under way anew, and counts it once', () => {
    const chart = opened('backing-off')
    expect(chart.context).toMatchObject({ attempt: 2, restarts: 2, delayMs: 2_000 })
    expect(chart.afterWait().calls.open('restartContainer').input).toMatchObject({ attempt: 2 })
  })

  test('goes on with what it is told of the run that it knew', () => {
    const lives = opened('running').send({ type: 'container.started', generation: 4 })
    expect(lives.state).toBe('running')
    expect(lives.exited(1).context).toMatchObject({ attempt: 3, restarts: 3 })
  })

  test('believes a run that the restart under way had begun', () => {
    expect(opened('restarting').started().state).toBe('running')
  })

  test('gives a run that it takes over the whole time to last', () => {
    const chart = opened('steady')
    expect(chart.after(BACK_OFF.resetAfterMs - 1).state).toBe('running')
    expect(chart.after(1).state).toBe('steady')
  })
})

describe('a run of which only a late event has been heard', () => {
  const states = Object.keys(INTO).filter((state) => state !== 'removed')

  test.each(states)('is known in %s, by its start as by its exit', (state) => {
    for (const type of ['container.started', 'container.exited'] as const) {
      const chart = INTO[state]?.() as HeldRestart
      const generation = chart.context.generation + 2
      chart.send({ type, generation, code: 1, cause: 'exited' })
      expect(chart.context.generation).toBe(generation)
    }
  })
})

describe('a container that is removed', () => {
  test.each(Object.keys(INTO))('in %s ends the chart, its waits and its restart', (state) => {
    const chart = INTO[state]?.()
    const open = chart?.calls.isOpen('restartContainer') ? chart.calls.open('restartContainer') : undefined
    if (state !== 'removed') chart?.send({ type: 'container.removed' })
    expect(chart?.actor.getSnapshot().status).toBe('done')
    expect(open?.signal.aborted ?? true).toBe(true)
    expect(chart?.after(60 * 60_000).state).toBe('removed')
  })
})
