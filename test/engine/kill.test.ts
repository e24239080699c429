import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Container, Engine } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { runtimeThat } from '../fixtures/programs.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const LOOP = 'echo ready; while :; do sleep 0.05; done'

const running = async (engine: Engine, script: string, options = {}): Promise<Container> => {
  const container = await place.sh(engine, `${script}; ${LOOP}`, options)
  await container.start()
  for await (const _ of container.logs({ follow: true })) return container
  throw new Error('the container wrote nothing')
}

const signalsOf = (engine: Engine): string[] =>
  [...engine.events.past(0)].flatMap((event) => (event.type === 'signal' ? [event.signal] : []))

describe('kill', () => {
  test.each<[string | number, string]>([
    ['USR1', 'SIGUSR1'],
    ['SIGUSR1', 'SIGUSR1'],
    ['usr1', 'SIGUSR1'],
    [10, 'SIGUSR1'],
    ['10', 'SIGUSR1'],
    [40, 'SIGRTMIN+6'],
    ['RTMIN+6', 'SIGRTMIN+6'],
  ])('of %j sends that signal, and returns once it is sent', async (signal, name) => {
    const engine = await place.open()
    const container = await running(engine, 'trap "exit 11" USR1; trap "exit 11" 40')
    await container.kill(signal)
    expect(await container.wait()).toMatchObject({ code: 11, cause: 'exited' })
    expect(signalsOf(engine)).toEqual([name])
  })

  test('without a signal is SIGKILL', async () => {
    const engine = await place.open()
    const container = await running(engine, 'trap "" TERM')
    await container.kill()
    expect(await container.wait()).toMatchObject({ code: 137, signal: 'SIGKILL', cause: 'signalled' })
  })

  test('may leave the process alive, as a signal that it handles does', async () => {
    const engine = await place.open()
    const container = await running(engine, 'trap "echo got it" USR1')
    await container.kill('USR1')
    expect(container.state).toBe('running')
  })

  test.each(['', 'NOPE', 0, -9, 65, 1.5])('of %j changes nothing', async (signal) => {
    const engine = await place.open()
    const container = await running(engine, 'true')
    const { seq } = engine.snapshot()
    await expect(container.kill(signal)).rejects.toMatchObject({ code: 'EINPUT' })
    expect(engine.snapshot().seq).toBe(seq)
    expect(container.state).toBe('running')
  })

  test('of a process that has gone meanwhile says that it does not run', async () => {
    const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', end()) })
    const container = await running(engine, 'true')
    await expect(container.kill('TERM')).rejects.toMatchObject({
      code: 'ERUNTIME',
      failure: 'not-running',
      containerId: container.id,
    })
    expect(await container.wait()).toMatchObject({ code: 137 })
  })
})

describe('stop', () => {
  test('sends its signals to the first process, and to all only the SIGKILL of the end', async () => {
    const calls = join(place.path, 'calls')
    const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', `echo "$@" >> ${calls}`) })
    const container = await running(engine, 'trap "" TERM; trap "" USR2', { stopSignal: 'USR2' })
    await container.kill('TERM')
    await container.stop({ timeout: 0.2 })
    const asked = readFileSync(calls, 'utf8').trim().split('\n')
    expect(asked.map((line) => line.replace(/.* kill /, ''))).toEqual([
      `${container.id} 15`,
      `${container.id} 12`,
      `--all ${container.id} 9`,
    ])
  })

  test.each<[string | number, number]>([
    ['USR2', 12],
    ['SIGUSR2', 12],
    [12, 12],
    ['RTMIN+6', 40],
  ])('sends the container’s own stop signal %j', async (stopSignal, number) => {
    const engine = await place.open()
    const script = `trap "exit 5" ${number}; trap "" TERM`
    const container = await running(engine, script, { stopSignal, stopTimeout: 600 })
    expect(await container.stop()).toMatchObject({ code: 5, cause: 'stopped-by-user' })
  })

  test.each([0, 600])(
    'of a process that has gone before its signal is a success (timeout %i)',
    async (timeout) => {
      const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', end()) })
      const container = await running(engine, 'trap "" TERM')
      expect(await container.stop({ timeout })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
    },
  )

  test.each(['container not running', 'any other words'])(
    'takes a process that is gone for ended, before its exit is seen: %s',
    async (words) => {
      // conmon is kept from telling of the exit until the runtime has failed.
      const files = `${place.runRoot}/containers/*`
      const hold = `monitor=$(cat ${files}/conmon.pid)
    kill -STOP "$monitor"
    pid=$(cat ${files}/pidfile)
    kill -9 "$pid"
    while [ "$(cut -d' ' -f3 /proc/$pid/stat)" != Z ]; do sleep 0.01; done
    (sleep 0.5; kill -CONT "$monitor") >/dev/null 2>&1 &
    echo "${words}" >&2
    exit 1`
      const engine = await place.open({ runtime: runtimeThat(place.path, 'kill', hold) })
      const container = await running(engine, 'trap "" TERM')
      const { seq } = engine.snapshot()
      expect(await container.stop({ timeout: 600 })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
      await expect.poll(() => container.state).toBe('exited')
      const states = [...engine.events.past(seq)].flatMap((event) =>
        event.type === 'state' ? [event.to] : [],
      )
      expect(states).toEqual(['stopping', 'stopped', 'cleaning', 'exited'])
    },
  )

  test('whose signal cannot be sent fails, in the runtime’s words, and the container lives on', async () => {
    const words = 'echo "not today" >&2; exit 1'
    const refuses = runtimeThat(
      place.path,
      'kill',
      `if mkdir ${place.path}/once 2>/dev/null; then ${words}; fi`,
    )
    const engine = await place.open({ runtime: refuses })
    const container = await running(engine, 'true')
    await expect(container.stop({ timeout: 600 })).rejects.toThrow(/kill .*: not today/)
    await expect.poll(() => container.state).toBe('running')
  })
})

/** Ends the one container that there is, then fails as a runtime does that finds it gone. */
const end = (): string => `pid=$(cat ${place.runRoot}/containers/*/pidfile)
    kill -9 "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
    echo "container not running" >&2
    exit 1`
