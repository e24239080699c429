import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { identifyProcess } from '../../../effects/process/identity.ts'
import type { Container, Engine, RunchartError } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { type HeldRuntime, heldRuntime, stateOf } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'

let place: TestPlace
let runtime: HeldRuntime
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  runtime = heldRuntime(place.path)
})

const open = (): Promise<Engine> => place.open({ runtime: runtime.path })
const failure = (work: Promise<unknown>): Promise<RunchartError> =>
  work.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: RunchartError) => error,
  )
const LONG = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'

/** A container that is asked for something, up to the point at which its runtime is held. */
interface Asked {
  engine: Engine
  answer: Promise<unknown>
  pid: number
  state: string
}

interface InFlight {
  /** The runtime's verb at which it is held. */
  at: string
  /** What is asked for; undefined where it is the create itself. */
  ask?: (container: Container) => Promise<unknown>
  /** The state that the container is brought to first. */
  from?: 'created' | 'running' | 'paused'
  /** The state in which it is then seen. */
  during: string
  /** Where it is once that is done, told to whoever opens the root next. */
  done: string
  /** Where the next engine finds it when that was cut off. */
  found: string
}

const COMMANDS: Record<string, InFlight> = {
  create: { at: 'create', during: 'creating', done: 'created', found: 'configured' },
  start: {
    ...{ at: 'start', from: 'created', during: 'starting', done: 'running', found: 'created' },
    ask: (container) => container.start(),
  },
  pause: {
    ...{ at: 'pause', from: 'running', during: 'pausing', done: 'paused', found: 'running' },
    ask: (container) => container.pause(),
  },
  resume: {
    ...{ at: 'resume', from: 'paused', during: 'resuming', done: 'running', found: 'paused' },
    ask: (container) => container.resume(),
  },
  // Where the signal has not gone out the next engine sends it.
  stop: {
    ...{ at: 'kill', from: 'running', during: 'stopping', done: 'exited', found: 'exited' },
    ask: (container) => container.stop({ timeout: 600 }),
  },
  kill: {
    ...{ at: 'kill', from: 'running', during: 'running', done: 'exited', found: 'running' },
    ask: (container) => container.kill('SIGTERM'),
  },
  remove: {
    ...{ at: 'delete', from: 'running', during: 'cleaning', done: 'removed', found: 'exited' },
    ask: (container) => container.remove({ force: true }),
  },
}

const CASES = Object.entries(COMMANDS)

async function ask({ at, ask: command, from, during }: InFlight): Promise<Asked> {
  const engine = await open()
  const options = { name: 'web', stopTimeout: 600 }
  if (command === undefined) {
    runtime.holdAt(at)
    const answer = place.sh(engine, LONG, options)
    answer.catch(() => {})
    return asked(engine, answer, during)
  }
  const container = await place.sh(engine, LONG, options)
  if (from !== 'created') await container.start()
  if (from !== 'created') await ready(container)
  if (from === 'paused') await container.pause()
  runtime.holdAt(at)
  const answer = command(container)
  answer.catch(() => {})
  return asked(engine, answer, during)
}

async function asked(engine: Engine, answer: Promise<unknown>, during: string): Promise<Asked> {
  const pid = await runtime.held()
  const { state } = engine.get('web')
  expect(state).toBe(during)
  return { engine, answer, pid, state }
}

/** Resolves when the trap is set. */
async function ready(container: Container): Promise<void> {
  for await (const _ of container.logs({ follow: true })) return
}

const stateIn = (engine: Engine): string => {
  const [info] = engine.snapshot().containers
  return info?.state ?? 'removed'
}

describe('a command in flight when the engine closes', () => {
  test.each(CASES)('%s: finishes within the time', async (name, command) => {
    const { engine, answer, pid } = await ask(command)
    const closing = engine.close()
    let isClosed = false
    void closing.then(() => {
      isClosed = true
    })
    // Nothing new is taken meanwhile.
    expect(await failure(place.sh(engine, 'true'))).toMatchObject({ code: 'ECLOSED' })
    expect({ isClosed, runtime: stateOf(pid) }).toEqual({ isClosed: false, runtime: 'T' })
    process.kill(pid, 'SIGCONT')
    await answer
    await closing

    const next = await open()
    await expect.poll(() => stateIn(next)).toBe(command.done)
    recordFault(`close in the middle of ${name}`, 'the command finishes, the next engine agrees')
  })

  test.each(CASES)(
    '%s: is cut off where its runtime hangs, and is the next engine’s',
    async (name, command) => {
      const { engine, answer, pid } = await ask(command)
      await engine.close({ timeout: 0.2 })
      expect(await failure(answer)).toMatchObject({
        code: 'ECLOSED',
        hint: expect.stringContaining('live on'),
      })
      // Nothing of it is at work any more that could meet what the next engine does.
      expect(identifyProcess(pid)).toBeUndefined()

      const next = await open()
      await expect.poll(() => stateIn(next)).toBe(command.found)
      recordFault(`close, ${name} hangs`, 'ECLOSED in time, the next engine finds the truth')
    },
  )

  test('create: says why it is not there, and can be made again', async () => {
    const { engine, answer } = await ask(COMMANDS.create as InFlight)
    const takeBack = runtime.holdAt('delete')
    await engine.close({ timeout: 0 })
    await failure(answer)
    // What was cut off is not cleared away now, lest it meet what the next engine does.
    expect(takeBack()).toBe(true)
    const next = await open()
    expect(next.get('web').inspect()).toMatchObject({ state: 'configured', error: { code: 'EINTERRUPTED' } })
    expect(place.leftovers()).toEqual([])
    await next.get('web').start()
    expect(next.get('web')).toMatchObject({ state: 'running', generation: 2 })
  })
})

describe('a create that still reads what it is to make', () => {
  test('is finished within the time', async () => {
    const engine = await open()
    const creating = place.sh(engine, LONG, { name: 'web' })
    expect(engine.snapshot().containers).toEqual([])
    await engine.close()
    expect((await creating).state).toBe('created')
    expect(stateIn(await open())).toBe('created')
    recordFault('close before create has begun', 'it is made within the time')
  })

  test('is refused after it, and leaves nothing', async () => {
    const engine = await open()
    const creating = place.sh(engine, LONG, { name: 'web', user: 'alice' })
    creating.catch(() => {})
    expect(engine.snapshot().containers).toEqual([])
    await engine.close({ timeout: 0 })
    const outcome = await failure(creating)
    expect(outcome).toMatchObject({ code: 'ECLOSED' })
    const next = await open()
    expect(place.leftovers()).toEqual([])
    expect(next.snapshot().containers.filter(({ state }) => state !== 'configured')).toEqual([])
    recordFault('close before create has begun', 'ECLOSED after the time, nothing is made')
  })
})

describe('a stop with a grace of 600 s', () => {
  const STUBBORN = 'trap "echo no" TERM; echo ready; while :; do sleep 0.05; done'

  test('does not hold the close up, and goes on with the next engine', async () => {
    const engine = await open()
    const web = await place.sh(engine, STUBBORN, { name: 'web' })
    await web.start()
    await ready(web)
    const stopping = web.stop({ timeout: 600 })
    stopping.catch(() => {})
    await expect.poll(() => [...engine.events.past(0)].some(({ type }) => type === 'signal')).toBe(true)
    await engine.close({ timeout: 0.3 })
    expect(await failure(stopping)).toMatchObject({ code: 'ECLOSED' })

    const next = await open()
    expect(stateIn(next)).toBe('stopping')
    // Whoever asks for less waits for less.
    expect(await next.get('web').stop({ timeout: 0 })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
    recordFault('close during a stop of 600 s', 'ECLOSED in time, the next engine goes on with the stop')
  })
})

describe('close', () => {
  test('asked for several times is one close, and nothing is taken after it', async () => {
    const engine = await open()
    const web = await place.sh(engine, LONG, { name: 'web' })
    await web.start()
    await Promise.all([engine.close(), engine.close({ timeout: 0 }), engine[Symbol.asyncDispose]()])
    await engine.close()
    const asked: Record<string, () => unknown> = {
      create: () => place.sh(engine, 'true'),
      get: () => engine.get('web'),
      snapshot: () => engine.snapshot(),
      exitRecord: () => engine.exitRecord('web'),
      start: () => web.start(),
      stop: () => web.stop(),
      kill: () => web.kill(),
      pause: () => web.pause(),
      resume: () => web.resume(),
      wait: () => web.wait(),
      refresh: () => web.refresh(),
      cleanup: () => web.cleanup(),
      top: () => web.top(),
      checkpoint: () => web.checkpoint(),
      restore: () => web.restore(),
      attach: () => web.attach(),
      exec: () => web.exec(['true']),
      execStop: () => web.execStop(),
      remove: () => web.remove({ force: true }),
      past: () => [...engine.events.past(0)],
    }
    for (const [name, work] of Object.entries(asked)) {
      const error = await failure((async () => work())())
      expect(error, name).toMatchObject({ code: 'ECLOSED' })
    }
    expect(stateIn(await open())).toBe('running')
    recordFault('commands after close', 'each is refused with ECLOSED')
  })

  test.each([-1, Number.NaN, 2 ** 31, '5' as never])(
    'with a time of %s is refused, and closes nothing',
    async (timeout) => {
      const engine = await open()
      expect(await failure(engine.close({ timeout }))).toMatchObject({ code: 'EINPUT' })
      expect(engine.snapshot().containers).toEqual([])
      await engine.close()
    },
  )
})
