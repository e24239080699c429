import { writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Container, CreateOptions, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat } from '../../fixtures/programs.ts'
import { eventually, FAST, LONG, policyState, restartMachine, times, told } from './told.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

/** Runs one that is started again, until its policy is in a state. */
async function until(
  state: string,
  engine: Engine,
  script: string,
  restart: CreateOptions['restart'],
): Promise<Container> {
  const container = await place.sh(engine, script, { name: 'web', restart })
  await container.start()
  await eventually(() => policyState(container)).toBe(state)
  return container
}

const FAILS_ONCE = '[ -e /tmp/second ] && exec sleep 1000; touch /tmp/second; exit 3'
const RUNS = 'exec sleep 1000'

describe('a container that is to be restarted', () => {
  test('runs again after a failure, and all of it is told in order', async () => {
    const engine = await place.open()
    const web = await place.sh(engine, FAILS_ONCE, { restart: { policy: 'on-failure', backOff: FAST } })
    expect(web.inspect()).toMatchObject({ restart: { policy: 'on-failure', state: 'idle' }, restarts: 0 })
    await web.start()
    expect(await web.wait({ generation: 1 })).toMatchObject({ code: 3, cause: 'exited' })
    await eventually(() => [web.state, web.generation]).toEqual(['running', 2])
    const words = told(engine, web)
    expect(words.slice(words.indexOf('stopped'))).toEqual(
      'stopped,scheduled 1,cleaning,exited,creating,starting,running'.split(','),
    )
    expect(web.inspect()).toMatchObject({ restart: { state: 'running' }, restarts: 1, exitCode: null })
  })

  test('that fails too often is given up, until the user starts it', async () => {
    const engine = await place.open()
    const web = await until('given-up', engine, 'exit 3', {
      policy: 'on-failure',
      maxRetries: 2,
      backOff: FAST,
    })
    const words = told(engine, web).filter((word) => /^(stopped|scheduled|given)/.test(word))
    expect(words).toEqual(['stopped', 'scheduled 1', 'stopped', 'scheduled 2', 'stopped', 'given up after 2'])
    await eventually(() => web.inspect()).toMatchObject({
      state: 'exited',
      exitCode: 3,
      restarts: 2,
      generation: 3,
    })
    await web.start()
    await eventually(() => web.inspect()).toMatchObject({ restarts: 2, generation: 6 })
    await eventually(() => policyState(web)).toBe('given-up')
  })

  test.each(['on-failure', 'always', 'unless-stopped'] as const)('%s: after exit code 0', async (policy) => {
    const engine = await place.open()
    const web = await place.sh(engine, 'exit 0', { restart: { policy, backOff: FAST } })
    await web.start()
    if (policy === 'on-failure') {
      await eventually(() => [web.state, policyState(web)]).toEqual(['exited', 'idle'])
      expect(web.generation).toBe(1)
    } else {
      await eventually(() => web.generation).toBeGreaterThan(3)
    }
  })

  test('waits longer each time, up to the cap, until a run has lasted', async () => {
    const engine = await place.open()
    // Its fourth run lasts.
    const lasts = 'while [ ! -e /tmp/enough ]; do sleep 0.05; done'
    const script = `echo x >> /tmp/runs; [ $(wc -l < /tmp/runs) = 4 ] && ${lasts}; exit 1`
    const backOff = { initial: 0.01, factor: 3, cap: 0.05, jitter: 0, resetAfter: 5 }
    const web = await until('steady', engine, script, { policy: 'always', backOff })
    await web.exec(['touch', '/tmp/enough'])
    await eventually(() => web.generation).toBeGreaterThanOrEqual(5)
    const waits = [...engine.events.past(0)].flatMap((event) =>
      event.type === 'restart.scheduled' ? [`${event.attempt}: ${event.delayMs} ms`] : [],
    )
    expect(waits.slice(0, 4)).toEqual(['1: 10 ms', '2: 30 ms', '3: 50 ms', '1: 10 ms'])
  })

  test('that cannot be made is tried again, and a stop ends that too', async () => {
    const fails = `[ -e ${place.path}/broken ] && { echo 'no space left' >&2; exit 1; }`
    const engine = await place.open({ runtime: runtimeThat(place.path, 'create', fails) })
    const web = await place.sh(engine, 'exit 3', {
      restart: { policy: 'always', backOff: FAST },
    })
    writeFileSync(`${place.path}/broken`, '')
    await web.start()
    await eventually(() => web.inspect().exit).toMatchObject({ cause: 'create-failed' })
    await eventually(() => web.inspect().restarts).toBeGreaterThan(2)
    expect(await web.stop()).toMatchObject({ code: expect.any(Number) })
    expect(policyState(web)).toBe('stopped-by-user')
    const { generation } = web
    await engine.close()
    const next = await place.open({ restartStopped: 'never' })
    expect(next.get(web.id)).toMatchObject({ generation })
    expect(policyState(next.get(web.id))).toBe('stopped-by-user')
  })
})

describe('what the user wants', () => {
  test('a stop between two runs is the end of them, for the next engine too', async () => {
    const engine = await place.open()
    const web = await until('backing-off', engine, 'exit 3', { policy: 'always', backOff: LONG })
    await eventually(() => web.state).toBe('exited')
    expect(await web.stop()).toMatchObject({ code: 3, generation: 1 })
    expect(web.inspect()).toMatchObject({ state: 'exited', restart: { state: 'stopped-by-user' } })
    await engine.close()
    const next = (await place.open()).get('web')
    expect(next.inspect()).toMatchObject({ state: 'exited', restart: { state: 'stopped-by-user' } })
    await next.start()
    await eventually(() => next.inspect()).toMatchObject({ generation: 2, restart: { state: 'backing-off' } })
  })

  test.each([0, 40, 80, 120, 160, 200, 240, 280])(
    'a stop at any moment of a container that restarts fast ends it: after %i ms',
    async (after) => {
      const engine = await place.open()
      const web = await until('backing-off', engine, 'exit 3', {
        policy: 'always',
        backOff: { ...FAST, initial: 0 },
      })
      await new Promise((resolve) => setTimeout(resolve, after))
      const exit = await web.stop()
      const { generation } = web
      expect(exit.generation).toBe(generation)
      await eventually(() => web.state).toBe('exited')
      expect(policyState(web)).toBe('stopped-by-user')
      await engine.close()
      const next = await place.open()
      expect(next.get('web').inspect()).toMatchObject({ state: 'exited', generation })
    },
  )

  test.each([
    ['SIGKILL', 'stopped-by-user'],
    ['SIGTERM', 'stopped-by-user'],
    ['SIGHUP', 'backing-off'],
  ])('a kill by %s leads to %s', async (signal, state) => {
    const engine = await place.open()
    const script = 'trap "exit 1" HUP TERM; echo; while :; do sleep 0.05; done'
    const web = await until('running', engine, script, { policy: 'always', backOff: LONG })
    for await (const _ of web.logs({ follow: true })) break
    await web.kill(signal)
    await web.wait()
    await eventually(() => [web.state, policyState(web)]).toEqual(['exited', state])
  })

  test('a start while the next restart is put off begins at once, and counts anew', async () => {
    const engine = await place.open()
    const web = await until('backing-off', engine, FAILS_ONCE, { policy: 'always', backOff: LONG })
    await web.start()
    expect(web.inspect()).toMatchObject({ state: 'running', generation: 2, restarts: 0 })
  })

  test('a removal ends it as well', async () => {
    const engine = await place.open()
    const web = await until('backing-off', engine, 'exit 3', {
      policy: 'always',
      backOff: { ...FAST, initial: 0 },
    })
    await web.remove({ force: true })
    expect(engine.snapshot().containers).toEqual([])
    await engine.close()
    expect(place.leftovers()).toEqual([])
  })
})

describe('an engine that opens a root', () => {
  test('goes on with a restart that was put off', async () => {
    const engine = await place.open()
    const web = await until('backing-off', engine, FAILS_ONCE, {
      policy: 'always',
      backOff: { ...FAST, initial: 5 },
    })
    await eventually(() => web.state).toBe('exited')
    await engine.close()
    const next = await place.open()
    await eventually(() => next.get('web').inspect()).toMatchObject({
      state: 'running',
      generation: 2,
      restarts: 1,
    })
    expect(times(next, web, 'scheduled 1')).toBe(1)
  })

  test('restarts what failed while no engine was there', async () => {
    const engine = await place.open()
    const web = await until(
      'running',
      engine,
      '[ -e /tmp/on ] && exec sleep 1000; touch /tmp/on; sleep 1; exit 3',
      {
        policy: 'always',
        backOff: FAST,
      },
    )
    await engine.close()
    const next = await place.open()
    await eventually(() => next.get(web.id)).toMatchObject({ state: 'running', generation: 2 })
    expect(next.exitRecord('web', 1)).toMatchObject({ code: 3 })
  })

  test.each([
    ['always', 'after-boot', 'running'],
    ['always', 'never', 'stopped-by-user'],
    ['unless-stopped', 'after-boot', 'stopped-by-user'],
    ['unless-stopped', 'always', 'stopped-by-user'],
  ] as const)('%s, stopped by the user, machine restarted, %s: %s', async (policy, restartStopped, state) => {
    const engine = await place.open()
    const web = await until('running', engine, RUNS, { policy, backOff: FAST })
    await web.stop({ timeout: 0 })
    await eventually(() => web.state).toBe('exited')
    await engine.close()
    restartMachine(place)
    const next = (await place.open({ restartStopped })).get('web')
    await eventually(() => policyState(next)).toBe(state)
    expect(next.generation).toBe(state === 'running' ? 2 : 1)
  })

  test('starts nothing that the user has stopped where the machine was not restarted', async () => {
    const engine = await place.open()
    const web = await until('running', engine, RUNS, { policy: 'always', backOff: FAST })
    await web.stop({ timeout: 0 })
    await eventually(() => web.state).toBe('exited')
    await engine.close()
    const next = await place.open()
    expect(next.get('web').inspect()).toMatchObject({ generation: 1, restart: { state: 'stopped-by-user' } })
    await next.close()
    const service = (await place.open({ restartStopped: 'always' })).get('web')
    await eventually(() => service.inspect()).toMatchObject({ state: 'running', generation: 2 })
  })

  test.each(['always', 'unless-stopped', 'on-failure'] as const)(
    '%s: runs again what a restart of the machine has ended',
    async (policy) => {
      const engine = await place.open()
      const web = await until('running', engine, RUNS, { policy, backOff: FAST })
      const { pid, monitorPid } = web.inspect()
      await engine.close()
      for (const one of [monitorPid, pid]) process.kill(one ?? 0, 'SIGKILL')
      restartMachine(place)
      const next = (await place.open({ restartStopped: 'never' })).get('web')
      await eventually(() => next.inspect()).toMatchObject({ state: 'running', generation: 2, restarts: 1 })
      expect(await next.wait({ generation: 1 })).toMatchObject({ code: -1, cause: 'host-restart' })
    },
  )
})
