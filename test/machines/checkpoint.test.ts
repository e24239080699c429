import { describe, expect, test } from 'vitest'
import { CREATED, EVIDENCE, type HeldContainer, INTO } from './held.ts'

const into = async (state: string): Promise<HeldContainer> => {
  const container = await INTO[state]?.()
  if (container === undefined) throw new Error(`no way into ${state}`)
  return container
}
const exit = (evidence = {}) =>
  ({ type: 'exit.observed', generation: 1, evidence: { ...EVIDENCE, code: 137, ...evidence } }) as const
const image = { imagePath: '/image', tcpEstablished: true } as const

describe('a checkpoint', () => {
  test('hands on what it was asked with', async () => {
    const container = await into('running')
    container.actor.send({ type: 'checkpoint', leaveRunning: true, ...image })
    const { input } = container.open('checkpointContainer')
    expect(input).toEqual({ id: 'c1', generation: 1, leaveRunning: true, ...image })
  })

  test('whose processes are left running ends in running', async () => {
    const container = await into('checkpointing.dumping')
    await container.done('checkpointContainer', { leftRunning: true })
    expect(container.state).toBe('running')
    expect(container.context.exit).toBeUndefined()
  })

  test('waits for the exit of its processes, whose cause it is', async () => {
    const container = await into('checkpointing.ending')
    container.actor.send(exit())
    expect(container.state).toBe('stopped.recording')
    expect(container.context.exit).toMatchObject({ code: 137, cause: 'checkpointed' })
  })

  test('is the cause of an exit that overtakes it, and is not cut short by it', async () => {
    const container = await into('checkpointing.dumping')
    const call = container.open('checkpointContainer')
    container.actor.send(exit())
    expect([container.state, call.signal.aborted]).toEqual(['checkpointing.dumping', false])
    await container.done('checkpointContainer', { leftRunning: false })
    expect(container.state).toBe('stopped.recording')
    expect(container.context.exit?.cause).toBe('checkpointed')
  })

  test('is not the cause of an exit where the processes were left running, or where it failed', async () => {
    const left = await into('checkpointing.dumping')
    left.actor.send(exit({ code: 3 }))
    await left.done('checkpointContainer', { leftRunning: true })
    expect(left.context.exit).toMatchObject({ code: 3, cause: 'exited' })

    const broken = await into('checkpointing.dumping')
    broken.actor.send(exit({ code: 3 }))
    await broken.failed('checkpointContainer')
    expect(broken.state).toBe('stopped.recording')
    expect(broken.context.exit).toMatchObject({ code: 3, cause: 'exited' })
  })

  test('that fails leaves the container in doubt', async () => {
    const container = await into('checkpointing.dumping')
    const failure = new Error('CRIU says no')
    await container.failed('checkpointContainer', failure)
    expect(container.state).toBe('reconciling.asking')
    await container.done('reconcile', { found: 'running', ...CREATED })
    expect(container.state).toBe('running')
    expect(container.context.failure).toBe(failure)
  })

  test('whose exit does not come leaves the container in doubt', async () => {
    const container = await into('checkpointing.ending')
    container.clock.increment(5_000)
    expect(container.state).toBe('reconciling.asking')
  })

  test('is followed by a stop that was asked for meanwhile', async () => {
    const container = await into('checkpointing.dumping')
    container.actor.send({ type: 'stop', signal: 15, graceMs: 1_000 })
    await container.done('checkpointContainer', { leftRunning: true })
    expect(container.state).toBe('stopping.signalling')
  })
})

describe('a restore', () => {
  test('hands on what it was asked with, as the next run', async () => {
    const container = await into('exited')
    container.actor.send({ type: 'restore', ...image })
    expect(container.open('restoreContainer').input).toEqual({ id: 'c1', generation: 2, ...image })
    await container.done('restoreContainer', CREATED)
    expect(container.state).toBe('running')
    expect(container.context).toMatchObject({ ...CREATED, exit: undefined })
  })

  test('that fails can be tried again', async () => {
    const container = await into('restoring')
    await container.failed('restoreContainer')
    expect(container.state).toBe('configured')
    container.actor.send({ type: 'restore', ...image })
    expect(container.state).toBe('restoring')
    expect(container.context.generation).toBe(3)
  })

  test('whose container exits at once is over when its pid is known', async () => {
    const container = await into('restoring')
    container.actor.send({ ...exit(), generation: 2 })
    expect(container.state).toBe('restoring')
    await container.done('restoreContainer', CREATED)
    expect(container.state).toBe('stopped.recording')
  })
})

describe('a refresh', () => {
  test.each(['created', 'running', 'paused'])(
    'of %s asks the world, and goes to what is true',
    async (state) => {
      const container = await into(state)
      container.actor.send({ type: 'refresh' })
      expect(container.open('reconcile').input).toMatchObject({ ...CREATED, known: undefined })
      await container.done('reconcile', { found: 'paused', ...CREATED })
      expect(container.state).toBe('paused')
    },
  )
})
