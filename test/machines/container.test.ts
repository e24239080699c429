import { describe, expect, test } from 'vitest'
import { LOST_MONITOR, OUTLIVED_KILL } from '../../machines/index.ts'
import { CREATED, EVIDENCE, HeldContainer, INTO } from './held.ts'

const into = async (state: string): Promise<HeldContainer> => {
  const container = await INTO[state]?.()
  if (container === undefined) throw new Error(`no way into ${state}`)
  return container
}
const exit = (generation = 1, evidence = {}) =>
  ({ type: 'exit.observed', generation, evidence: { ...EVIDENCE, ...evidence } }) as const

describe('a whole life', () => {
  test('goes from configured to exited through every step', async () => {
    const container = await into('exited')
    expect(container.states).toEqual([
      'configured',
      'creating',
      'created',
      'starting',
      'running',
      'stopped.recording',
      'cleaning',
      'exited',
    ])
  })

  test('can begin again, with the next generation and no memory of the last exit', async () => {
    const container = await into('exited')
    container.actor.send({ type: 'start' })
    await container.done('createContainer', CREATED)
    await container.done('startContainer')
    expect(container.state).toBe('running')
    expect(container.context).toMatchObject({ generation: 2, exit: undefined })
  })

  test('an exit of the last run does not touch the next one', async () => {
    const container = await into('exited')
    container.actor.send({ type: 'create' })
    await container.done('createContainer', CREATED)
    container.actor.send(exit(1))
    expect(container.state).toBe('created')
  })
})

describe('creating', () => {
  test('that fails goes back to configured with the reason', async () => {
    const container = await into('creating')
    const reason = new Error('no such file')
    await container.failed('createContainer', reason)
    expect(container.state).toBe('configured')
    expect(container.context.failure).toBe(reason)
  })

  test('keeps an exit that comes before the pid', async () => {
    const container = await into('creating')
    container.actor.send(exit(1, { code: 3 }))
    await container.done('createContainer', CREATED)
    expect(container.state).toBe('stopped.recording')
    expect(container.context.exit?.code).toBe(3)
  })

  test('a stop asked for meanwhile ends it once it is created', async () => {
    const container = await into('creating')
    container.actor.send({ type: 'stop', signal: 15, graceMs: 1_000 })
    await container.done('createContainer', CREATED)
    expect(container.state).toBe('stopping.killing')
  })
})

describe('starting', () => {
  test('that fails leaves in doubt whether it has begun, and the world is asked', async () => {
    const container = await into('starting')
    await container.failed('startContainer')
    expect(container.state).toBe('reconciling.asking')
    await container.done('reconcile', { found: 'created', ...CREATED })
    expect(container.state).toBe('created')
    expect(container.context.failure).toBeDefined()
  })

  test('an exit that overtakes it is the end of the run', async () => {
    const container = await into('starting')
    const call = container.open('startContainer')
    container.actor.send(exit())
    expect(container.state).toBe('stopped.recording')
    expect(call.signal.aborted).toBe(true)
  })

  test('a stop asked for meanwhile signals it once it runs', async () => {
    const container = await into('starting')
    container.actor.send({ type: 'stop', signal: 15, graceMs: 1_000 })
    await container.done('startContainer')
    expect(container.state).toBe('stopping.signalling')
  })
})

describe('stopping', () => {
  test('sends the stop signal to the first process, and SIGKILL to all when the grace is over', async () => {
    const container = await into('running')
    container.actor.send({ type: 'stop', signal: 12, graceMs: 10_000 })
    expect(container.open('signalContainer').input).toMatchObject({ signal: 12, all: false })
    await container.done('signalContainer')

    container.clock.increment(9_999)
    expect(container.state).toBe('stopping.signalling')
    container.clock.increment(1)
    expect(container.state).toBe('stopping.killing')
    expect(container.open('signalContainer').input).toMatchObject({ signal: 9, all: true })
  })

  test('sends the signal of each stage when the grace of the one before is over, and SIGKILL at last', async () => {
    const container = await into('running')
    const next = [
      { signal: 15, graceMs: 5_000 },
      { signal: 3, graceMs: 1_000 },
    ]
    container.actor.send({ type: 'stop', signal: 2, graceMs: 10_000, next })
    const sent = () => (container.open('signalContainer').input as { signal: number }).signal
    const seen: [number, unknown][] = []
    for (const graceMs of [10_000, 5_000, 1_000]) {
      seen.push([sent(), container.context.stop])
      await container.done('signalContainer')
      container.clock.increment(graceMs - 1)
      expect(container.state).toBe('stopping.signalling')
      container.clock.increment(1)
    }
    expect(seen).toEqual([
      [2, { signal: 2, graceMs: 10_000, next }],
      [15, { signal: 15, graceMs: 5_000, next: next.slice(1) }],
      [3, { signal: 3, graceMs: 1_000 }],
    ])
    expect([container.state, sent()]).toEqual(['stopping.killing', 9])
  })

  test('sends no signal but SIGKILL when there is no grace', async () => {
    const container = await into('running')
    container.actor.send({ type: 'stop', signal: 15, graceMs: 0 })
    expect(container.calls.map(({ input }) => (input as { signal: number }).signal)).toEqual([9])
  })

  test('resumes a paused container before it is signalled', async () => {
    const container = await into('paused')
    container.actor.send({ type: 'stop', signal: 15, graceMs: 1_000 })
    expect(container.state).toBe('stopping.thawing')
    await container.done('resumeContainer')
    expect(container.state).toBe('stopping.signalling')
  })

  test('ends with the exit, not with the signal', async () => {
    const container = await into('stopping.signalling')
    await container.done('signalContainer')
    expect(container.state).toBe('stopping.signalling')
    container.actor.send(exit(1, { code: 143 }))
    expect(container.context.exit).toMatchObject({ code: 143, cause: 'stopped-by-user' })
  })

  test('a process that outlives SIGKILL leaves the container in doubt, and the stop failed', async () => {
    const container = await into('stopping.killing')
    await container.done('signalContainer')
    container.clock.increment(5_000)
    expect(container.state).toBe('reconciling.asking')
    await container.done('reconcile', { found: 'running', ...CREATED })
    expect(container.state).toBe('running')
    expect(container.context).toMatchObject({ failure: OUTLIVED_KILL, stop: undefined })
  })

  test('a signal that cannot be sent leaves the container in doubt', async () => {
    const container = await into('stopping.signalling')
    await container.failed('signalContainer')
    expect(container.state).toBe('reconciling.asking')
  })
})

describe('the cause of an exit', () => {
  test.each([
    ['a code of its own', { code: 7 }, 'exited'],
    ['the last code that is no signal', { code: 128 }, 'exited'],
    ['the first that is one', { code: 129 }, 'signalled'],
    ['a signal from elsewhere', { code: 137 }, 'signalled'],
    ['the kernel, for memory', { code: 137, oomKilled: true }, 'oom'],
    ['what the witness knows', { code: -1, cause: 'monitor-lost' as const }, 'monitor-lost'],
  ])('%s', async (_, evidence, cause) => {
    const container = await into('running')
    container.actor.send(exit(1, evidence))
    expect(container.context.exit?.cause).toBe(cause)
  })
})

describe('removing', () => {
  test('by force kills, cleans up and removes', async () => {
    const container = await into('running')
    container.actor.send({ type: 'remove', force: true })
    container.actor.send(exit(1, { code: 137 }))
    await container.done('recordExit')
    await container.done('cleanUp')
    expect(container.state).toBe('removing')
    await container.done('removeContainer')
    expect(container.state).toBe('removed')
  })

  test('that fails leaves the container as it was, with the reason', async () => {
    const container = await into('removing')
    await container.failed('removeContainer')
    expect(container.state).toBe('exited')
    expect(container.context.failure).toBeInstanceOf(Error)
  })

  test('of one that never ran, that fails, leaves it configured', async () => {
    const container = await into('configured')
    container.actor.send({ type: 'remove', force: false })
    await container.failed('removeContainer')
    expect(container.state).toBe('configured')
  })
})

describe('pausing and resuming', () => {
  test.each(['pausing', 'resuming'])('%s that fails asks the world what the freezer did', async (state) => {
    const container = await into(state)
    await container.failed(state === 'pausing' ? 'pauseContainer' : 'resumeContainer')
    expect(container.state).toBe('reconciling.asking')
  })
})

describe('reconciling', () => {
  test.each([
    ['created', { found: 'created', ...CREATED }, 'created'],
    ['running', { found: 'running', ...CREATED }, 'running'],
    ['paused', { found: 'paused', ...CREATED }, 'paused'],
    ['ended', { found: 'ended', evidence: EVIDENCE }, 'stopped.recording'],
    ['never come to be', { found: 'absent', failure: new Error('interrupted') }, 'configured'],
    ['half removed', { found: 'removing' }, 'removing'],
  ])('goes to what is true: %s', async (_, output, state) => {
    const container = await into('reconciling.asking')
    await container.done('reconcile', output)
    expect(container.state).toBe(state)
  })

  test('asks again when the world gave no answer', async () => {
    const container = await into('reconciling.waiting')
    container.clock.increment(2_000)
    expect(container.state).toBe('reconciling.asking')
    expect(container.open('reconcile')).toBeDefined()
  })

  test('goes on with a stop that an earlier engine had begun', async () => {
    const container = new HeldContainer({
      state: 'stopping',
      generation: 1,
      ...CREATED,
      stop: { signal: 15, graceMs: 5_000 },
    })
    await container.done('reconcile', { found: 'running', ...CREATED })
    expect(container.state).toBe('stopping.signalling')
  })

  test('a container that had exited is not asked for', async () => {
    const container = new HeldContainer({ state: 'exited', generation: 4 })
    expect(container.state).toBe('exited')
    expect(container.calls).toEqual([])
  })
})

describe('a monitor that is lost', () => {
  const lost = (kept: boolean) => ({ type: 'monitor.lost', generation: 1, kept }) as const

  test.each(['created', 'running', 'paused', 'stopping.signalling', 'checkpointing.dumping'])(
    'is known no more, whether %s is kept or in doubt',
    async (state) => {
      for (const kept of [true, false]) {
        const container = await into(state)
        container.actor.send(lost(kept))
        expect(container.context).toMatchObject({ process: CREATED.process, monitor: undefined })
      }
    },
  )

  test('changes nothing for a container that is kept: what is under way goes on', async () => {
    const container = await into('stopping.signalling')
    const call = container.open('signalContainer')
    container.actor.send(lost(true))
    expect(call.signal.aborted).toBe(false)
    container.clock.increment(10_000)
    expect(container.state).toBe('stopping.killing')
  })

  test('cuts a checkpoint short where the container is not kept, and that is its failure', async () => {
    const container = await into('checkpointing.dumping')
    const call = container.open('checkpointContainer')
    container.actor.send(lost(false))
    expect(call.signal.aborted).toBe(true)
    expect(container.context.failure).toBe(LOST_MONITOR)
  })

  test('may be found out by asking, of a container that goes on and of one that has ended', async () => {
    const kept = await into('reconciling.asking')
    await kept.done('reconcile', { found: 'running', process: CREATED.process, monitor: undefined })
    expect(kept.state).toBe('running')
    expect(kept.context).toMatchObject({ process: CREATED.process, monitor: undefined })

    const over = await into('reconciling.asking')
    const evidence = { ...EVIDENCE, code: -1, cause: 'monitor-lost' }
    await over.done('reconcile', { found: 'ended', evidence })
    expect(over.context).toMatchObject({ process: CREATED.process, monitor: undefined })
  })
})

describe('cleaning', () => {
  test('that fails is held for another try', async () => {
    const container = await into('stopped.held')
    container.actor.send({ type: 'cleanup' })
    await container.done('cleanUp')
    expect(container.state).toBe('exited')
  })
})

describe('kill', () => {
  test('sends its signal and changes no state', async () => {
    const container = await into('running')
    container.actor.send({ type: 'kill', signal: 10, request: 7 })
    expect(container.open('signalContainer').input).toMatchObject({ signal: 10, all: false, request: 7 })
    await container.done('signalContainer')
    expect(container.state).toBe('running')
  })

  test('leaves nothing behind in the chart', async () => {
    const container = await into('running')
    for (let request = 0; request < 100; request += 1) {
      container.actor.send({ type: 'kill', signal: 10, request })
      await container.done('signalContainer')
    }
    expect(Object.keys(container.actor.getSnapshot().children)).toHaveLength(0)
  })
})

describe('a state', () => {
  const DEAD = [
    'configured',
    'stopped.recording',
    'stopped.held',
    'cleaning',
    'exited',
    'removing',
    'removed',
  ]
  const SETTLED = [
    ...['configured', 'created', 'running', 'paused', 'stopping.signalling', 'stopped.held', 'exited'],
  ]

  test.each(Object.keys(INTO))('%s says whether a process may live, and whether it lasts', async (state) => {
    const { actor } = await into(state)
    expect(actor.getSnapshot().hasTag('alive')).toBe(!DEAD.includes(state))
    expect(actor.getSnapshot().hasTag('settled')).toBe(SETTLED.includes(state))
  })

  test('that waits for a removal or a stop does it as soon as it rests', async () => {
    const toDo = {
      stop: { type: 'stop', signal: 15, graceMs: 0 },
      remove: { type: 'remove', force: true },
    } as const
    for (const asked of ['stop', 'remove'] as const) {
      for (const [state, effect] of [
        ['creating', 'createContainer'],
        ['starting', 'startContainer'],
        ['pausing', 'pauseContainer'],
        ['resuming', 'resumeContainer'],
      ] as const) {
        const container = await into(state)
        container.actor.send(toDo[asked])
        await container.done(effect, CREATED)
        expect([state, asked, container.state]).toEqual([state, asked, 'stopping.killing'])
      }
    }
  })

  test('that is held after a cleanup failed is cleaned again by a start, which then begins the next run', async () => {
    const container = await into('stopped.held')
    container.actor.send({ type: 'start' })
    expect(container.state).toBe('cleaning')
    await container.done('cleanUp')
    expect([container.state, container.context.generation]).toEqual(['creating', 2])
  })
})

test('every effect is told the container and its run', async () => {
  const states = Object.keys(INTO).filter((state) => !['removed', 'configured'].includes(state))
  for (const state of states) {
    const { calls, context } = await into(state)
    const inputs = calls.filter(({ signal }) => !signal.aborted).map(({ input }) => input)
    for (const input of inputs) expect(input).toMatchObject({ id: 'c1', generation: context.generation })
  }
})
