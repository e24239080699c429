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
