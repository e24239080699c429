import { describe, expect, test } from 'vitest'
import { CREATED, EVENTS, EVIDENCE, HeldContainer, INTO } from '../held.ts'

const into = async (state: string): Promise<HeldContainer> => {
  const container = await INTO[state]?.()
  if (container === undefined) throw new Error(`no way into ${state}`)
  return container
}
const send = (container: HeldContainer, event: string): HeldContainer => {
  const sent = EVENTS[event]?.(container.context.generation)
  if (sent === undefined) throw new Error(`no event ${event}`)
  container.actor.send(sent)
  return container
}
const STOP = { signal: 15, graceMs: 10_000 }

describe('what is remembered', () => {
  test('of a run whose effect failed is its reason, and nothing of its process', async () => {
    for (const [state, effect] of [
      ['creating', 'createContainer'],
      ['restoring', 'restoreContainer'],
    ] as const) {
      const container = await into(state)
      const reason = new Error('no')
      container.actor.send({ type: 'stop', signal: 15, graceMs: 1_000 })
      await container.failed(effect, reason)
      expect(container.context).toMatchObject({
        stop: undefined,
        process: undefined,
        monitor: undefined,
        failure: reason,
      })
    }
  })

  test.each([
    ['created', 'start'],
    ['running', 'pause'],
    ['paused', 'resume'],
  ] as const)('of a failure in %s is forgotten with the next %s', async (state, type) => {
    const container = await into('reconciling.waiting')
    container.clock.increment(2_000)
    await container.done('reconcile', { found: state, ...CREATED })
    expect(container.context.failure).toBeDefined()
    container.actor.send({ type })
    expect(container.context.failure).toBeUndefined()
  })

  test('of a start that was asked for is forgotten with a stop, and with a cleanup that fails', async () => {
    const stopped = await into('cleaning')
    stopped.actor.send({ type: 'start' })
    stopped.actor.send({ type: 'stop', signal: 15, graceMs: 0 })
    await stopped.done('cleanUp')
    expect(stopped.state).toBe('exited')

    const held = await into('cleaning')
    held.actor.send({ type: 'start' })
    await held.failed('cleanUp')
    expect([held.state, held.context.startAsked]).toEqual(['stopped.held', false])
  })

  test('of an adopted process is what the world said, and a half removal is finished', async () => {
    const other = { process: { ...CREATED.process, pid: 77 }, monitor: { ...CREATED.monitor, pid: 76 } }
    for (const found of ['created', 'running', 'paused'] as const) {
      const container = await into('reconciling.asking')
      await container.done('reconcile', { found, ...other })
      expect(container.context).toMatchObject({ ...other, known: undefined })
    }
    const removing = await into('reconciling.asking')
    await removing.done('reconcile', { found: 'removing' })
    expect(removing.context).toMatchObject({ removeAsked: true, known: undefined })

    const over = await into('reconciling.asking')
    await over.done('reconcile', { found: 'ended', evidence: EVIDENCE })
    expect(over.context).toMatchObject({ ...CREATED, exit: { code: 0, cause: 'exited' }, known: undefined })

    const absent = await into('reconciling.asking')
    await absent.done('reconcile', { found: 'absent', failure: 'interrupted' })
    expect(absent.context).toMatchObject({ process: undefined, monitor: undefined, failure: 'interrupted' })
  })

  test('of a run that is over is its exit alone; the next has a number of its own', async () => {
    const container = await into('exited')
    expect(container.context).toMatchObject({ process: undefined, monitor: undefined, generation: 1 })
    const again = await into('cleaning')
    again.actor.send({ type: 'start' })
    await again.done('cleanUp')
    expect([again.state, again.context.generation, again.context.exit]).toEqual(['creating', 2, undefined])
  })

  test('of a new run is a number of its own, whichever command begins it', async () => {
    for (const state of ['configured', 'exited']) {
      for (const event of ['create', 'start', 'restore']) {
        const container = await into(state)
        const before = container.context.generation
        expect(send(container, event).context.generation).toBe(before + 1)
      }
    }
  })

  test('of a stop is nothing once the exit has been seen', async () => {
    const container = send(await into('stopping.signalling'), 'exit')
    expect([container.state, container.context.stop]).toEqual(['stopped.recording', undefined])
    expect(container.context.exit?.cause).toBe('stopped-by-user')
  })

  test('of a stop that failed is its reason, and no stop: the world is asked', async () => {
    for (const [state, effect] of [
      ['stopping.thawing', 'resumeContainer'],
      ['stopping.signalling', 'signalContainer'],
      ['stopping.killing', 'signalContainer'],
    ] as const) {
      const container = await into(state)
      const reason = new Error('no')
      await container.failed(effect, reason)
      expect(container.state).toBe('reconciling.asking')
      expect(container.context).toMatchObject({ stop: undefined, removeAsked: false, failure: reason })
    }
  })
})

describe('what is asked for', () => {
  const IN_FLIGHT = [
    ...['creating', 'starting', 'pausing', 'resuming', 'checkpointing.dumping', 'checkpointing.ending'],
    ...['restoring', 'reconciling.asking', 'reconciling.waiting'],
  ]
  const ON_ITS_WAY = ['stopped.recording', 'stopped.held', 'cleaning', 'exited']

  test.each(IN_FLIGHT)('in %s is remembered: a stop, and a removal by force', async (state) => {
    expect(send(await into(state), 'stop').context.stop).toEqual(STOP)
    expect(send(await into(state), 'remove -f').context.removeAsked).toBe(true)
  })

  test.each(ON_ITS_WAY)('in %s is no stop any more', async (state) => {
    expect(send(await into(state), 'stop').context.stop).toBeUndefined()
  })

  test.each(['stopped.recording', 'stopped.held', 'cleaning', 'exited'])(
    'in %s is a start, which is the next run, or a removal',
    async (state) => {
      const container = send(await into(state), 'start')
      expect(container.context.startAsked).toBe(true)
      expect(send(await into(state), 'remove').context).toMatchObject({
        startAsked: false,
        removeAsked: true,
      })
    },
  )

  test('to be removed outweighs a start', async () => {
    const container = send(send(await into('cleaning'), 'start'), 'remove')
    await container.done('cleanUp')
    expect(container.state).toBe('removing')
    const held = send(send(await into('stopped.recording'), 'start'), 'remove')
    expect(held.context).toMatchObject({ startAsked: false, removeAsked: true })
    await held.done('recordExit')
    await held.done('cleanUp')
    expect(held.state).toBe('removing')
  })

  test('while the exit is committed is done though the commit fails', async () => {
    for (const event of ['start', 'remove']) {
      const container = send(await into('stopped.recording'), event)
      await container.failed('recordExit')
      expect(container.state).toBe('cleaning')
    }
  })

  test('to be started is forgotten with a stop: the container ends, and stays so', async () => {
    const container = send(send(new HeldContainer(), 'start'), 'stop')
    await container.done('createContainer', CREATED)
    expect(container.state).toBe('stopping.killing')
    send(container, 'exit')
    await container.done('recordExit')
    await container.done('cleanUp')
    expect([container.state, container.context.startAsked]).toEqual(['exited', false])
  })

  test('to be started is forgotten once it is started, or could not be created', async () => {
    const container = send(new HeldContainer(), 'start')
    await container.done('createContainer', CREATED)
    expect([container.state, container.context.startAsked]).toEqual(['starting', false])
    const failed = send(new HeldContainer(), 'start')
    await failed.failed('createContainer')
    expect([failed.state, failed.context.startAsked]).toEqual(['configured', false])
  })

  test.each(['running', 'paused', 'created'] as const)(
    'while the world is asked is done in what is %s',
    async (found) => {
      for (const [event, state] of [
        ['stop', { running: 'stopping.signalling', paused: 'stopping.thawing', created: 'stopping.killing' }],
        [
          'remove -f',
          { running: 'stopping.killing', paused: 'stopping.killing', created: 'stopping.killing' },
        ],
      ] as const) {
        const container = send(await into('reconciling.asking'), event)
        await container.done('reconcile', { found, ...CREATED })
        expect(container.state).toBe(state[found])
      }
    },
  )

  test('while a container is restored is done once it runs', async () => {
    for (const [event, state] of [
      ['stop', 'stopping.signalling'],
      ['remove -f', 'stopping.killing'],
    ] as const) {
      const container = send(await into('restoring'), event)
      await container.done('restoreContainer', CREATED)
      expect(container.state).toBe(state)
    }
  })

  test('to be removed is done where there is nothing to remove from the runtime', async () => {
    for (const [state, effect] of [
      ['creating', 'createContainer'],
      ['restoring', 'restoreContainer'],
    ] as const) {
      const container = send(await into(state), 'remove -f')
      await container.failed(effect)
      expect(container.state).toBe('removing')
    }
    const absent = send(await into('reconciling.asking'), 'remove -f')
    await absent.done('reconcile', { found: 'absent' })
    expect(absent.state).toBe('removing')
  })

  test('to be removed is forgotten where it could not be', async () => {
    const ways: [string, string, (container: HeldContainer) => unknown, string][] = [
      ['running', 'remove -f', (held) => held.failed('signalContainer'), 'reconciling.asking'],
      ['running', 'remove -f', (held) => held.clock.increment(5_000), 'reconciling.asking'],
      ['cleaning', 'remove', (held) => held.failed('cleanUp'), 'stopped.held'],
      ['exited', 'remove', (held) => held.failed('removeContainer'), 'exited'],
      ['configured', 'remove', (held) => held.failed('removeContainer'), 'configured'],
    ]
    for (const [from, event, fails, to] of ways) {
      const container = send(await into(from), event)
      await fails(container)
      expect([container.state, container.context.removeAsked]).toEqual([to, false])
      expect(container.context.failure).toBeDefined()
    }
  })
})

/** How a container gets into a state in which it rests, with a failure. */
const found = async (state: string): Promise<HeldContainer> => {
  const container = await into('reconciling.waiting')
  container.clock.increment(2_000)
  return container.done('reconcile', { found: state, ...CREATED })
}
const WITH_FAILURE: Record<string, () => Promise<HeldContainer>> = {
  configured: async () => (await into('creating')).failed('createContainer'),
  created: () => found('created'),
  running: () => found('running'),
  paused: () => found('paused'),
  'stopped.held': async () => (await into('cleaning')).failed('cleanUp'),
  exited: async () => (await into('removing')).failed('removeContainer'),
}

describe('a failure', () => {
  test.each([
    ['configured', ['create', 'start', 'restore', 'remove']],
    ['created', ['start', 'stop', 'remove', 'refresh']],
    ['running', ['stop', 'pause', 'checkpoint', 'remove -f', 'refresh']],
    ['paused', ['resume', 'stop', 'remove -f', 'refresh']],
    ['stopped.held', ['start', 'remove', 'cleanup']],
    ['exited', ['create', 'start', 'restore', 'remove']],
  ])('in %s is forgotten with the next command that is carried out', async (state, events) => {
    for (const event of events) {
      const container = await WITH_FAILURE[state]?.()
      expect([container?.state, container?.context.failure]).toEqual([state, expect.any(Error)])
      expect(send(container as HeldContainer, event).context.failure).toBeUndefined()
    }
  })

  test('to commit or to clean up holds the container, with the reason', async () => {
    for (const [state, effect] of [
      ['stopped.recording', 'recordExit'],
      ['cleaning', 'cleanUp'],
    ] as const) {
      const reason = new Error('no')
      const container = await (await into(state)).failed(effect, reason)
      expect([container.state, container.context.failure]).toEqual(['stopped.held', reason])
    }
  })

  test.each([
    ['starting', 'startContainer'],
    ['pausing', 'pauseContainer'],
    ['resuming', 'resumeContainer'],
    ['checkpointing.dumping', 'checkpointContainer'],
    ['reconciling.asking', 'reconcile'],
    ['removing', 'removeContainer'],
  ] as const)('in %s has its reason', async (state, effect) => {
    const reason = new Error('no')
    expect((await (await into(state)).failed(effect, reason)).context.failure).toBe(reason)
  })

  test('of a checkpoint whose processes ended is told with their exit', async () => {
    const container = send(await into('checkpointing.dumping'), 'exit')
    const reason = new Error('no')
    await container.failed('checkpointContainer', reason)
    expect([container.state, container.context.failure]).toEqual(['stopped.recording', reason])
  })
})

describe('a process', () => {
  test.each([
    ['creating', 'createContainer'],
    ['restoring', 'restoreContainer'],
  ] as const)('that has ended in %s before its pid was told is known all the same', async (state, effect) => {
    const container = send(await into(state), 'exit')
    expect(container.context).toMatchObject({ process: undefined, exit: { code: 0 } })
    await container.done(effect, CREATED)
    expect(container.context).toMatchObject({ ...CREATED, exit: { code: 0 } })
  })

  test('of a run that could not be created or restored leaves no exit', async () => {
    for (const [state, effect] of [
      ['creating', 'createContainer'],
      ['restoring', 'restoreContainer'],
    ] as const) {
      const container = send(await into(state), 'exit')
      await container.failed(effect)
      expect([container.state, container.context.exit]).toEqual(['configured', undefined])
    }
  })

  test('of the run before is nothing to the next one', async () => {
    for (const event of ['create', 'start', 'restore']) {
      const exit = { ...EVIDENCE, cause: 'exited' } as const
      const known = { state: 'exited', generation: 4, ...CREATED, exit, stop: STOP }
      const container = new HeldContainer(known)
      expect(container.context).toMatchObject({
        process: undefined,
        monitor: undefined,
        stop: undefined,
        known: undefined,
        exit,
      })
      expect(send(container, event).context).toMatchObject({
        generation: 5,
        exit: undefined,
        known: undefined,
      })
    }
  })
})

describe('an engine that opens', () => {
  const exit = { ...EVIDENCE, code: 4, cause: 'exited' } as const

  test('has the world asked with all that the store knew', () => {
    const known = { state: 'stopping', generation: 3, ...CREATED, exit, stop: STOP }
    const container = new HeldContainer(known)
    expect(container.context).toEqual({
      ...{ id: 'c1', generation: 3, ...CREATED, exit, stop: STOP, known },
      ...{ startAsked: false, removeAsked: false, failure: undefined },
    })
    expect(container.open('reconcile').input).toEqual({ id: 'c1', generation: 3, known, ...CREATED })
  })

  test('keeps the exit that it knew where the world has no other', async () => {
    const container = new HeldContainer({ state: 'stopped', generation: 3, ...CREATED, exit })
    await container.done('reconcile', { found: 'ended' })
    expect(container.context).toMatchObject({ exit, monitor: CREATED.monitor, known: undefined })
  })

  test('knows of no stop, start or process of what never came to be', async () => {
    const container = new HeldContainer({ state: 'creating', generation: 3, ...CREATED, stop: STOP })
    await container.done('reconcile', { found: 'absent', failure: 'interrupted' })
    expect(container.state).toBe('configured')
    expect(container.context).toMatchObject({
      ...{ process: undefined, monitor: undefined, stop: undefined, known: undefined },
      ...{ startAsked: false, failure: 'interrupted' },
    })
  })
})

describe('a limit of time', () => {
  test.each([
    ['stopping.killing', 5_000, 'reconciling.asking'],
    ['checkpointing.ending', 5_000, 'reconciling.asking'],
    ['reconciling.waiting', 2_000, 'reconciling.asking'],
  ])('of %s is %i milliseconds, and no less', async (state, ms, next) => {
    const container = await into(state)
    container.clock.increment(ms - 1)
    expect(container.state).toBe(state)
    container.clock.increment(1)
    expect(container.state).toBe(next)
  })
})

test('a container that is removed is over', async () => {
  expect((await into('removed')).actor.getSnapshot().status).toBe('done')
})
