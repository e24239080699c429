import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Container, type Engine, type EngineEvent, IllegalTransitionError } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
})
afterAll(() => place[Symbol.asyncDispose]())

const statesOf = (events: Iterable<EngineEvent>, { id }: Container): string[] =>
  [...events].flatMap((event) => (event.type === 'state' && event.containerId === id ? [event.to] : []))

/** What the container wrote on each stream, byte for byte. */
const outputOf = async (container: Container): Promise<{ stdout: string; stderr: string }> => {
  const output = { stdout: '', stderr: '' }
  for await (const { stream, data, partial } of container.logs({ follow: true })) {
    output[stream] += `${data}${partial ? '' : '\n'}`
  }
  return output
}

/** Resolves once the container has written a line. */
const firstLine = async (container: Container): Promise<string> => {
  for await (const { data } of container.logs({ follow: true })) return data.toString()
  throw new Error('the container wrote nothing')
}

describe('a container’s life', () => {
  test('goes through every state, each told in order with a number of its own', async () => {
    const seen: EngineEvent[] = []
    const subscription = engine.events.subscribe((event) => seen.push(event))
    const container = await place.sh(engine, 'until [ -e /resumed ]; do sleep 0.05; done; exit 7')
    await container.start()
    await container.pause()
    await container.resume()
    writeFileSync(join(place.rootfs, 'resumed'), '')
    await container.wait()
    await expect.poll(() => container.state).toBe('exited')
    await container.remove()
    subscription.unsubscribe()

    expect(statesOf(seen, container)).toEqual([
      'configured',
      'creating',
      'created',
      'starting',
      'running',
      'pausing',
      'paused',
      'resuming',
      'running',
      'stopped',
      'cleaning',
      'exited',
      'removing',
      'removed',
    ])
    const numbers = seen.map(({ seq }) => seq)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  })

  test('is on disk before it is told', async () => {
    const container = await place.sh(engine, 'true')
    const seen: [string, string][] = []
    const subscription = engine.events.subscribe((event) => {
      const stored = [...engine.events.past(event.seq - 1)].at(0)
      if (event.type === 'state' && stored?.type === 'state') seen.push([event.to, stored.to])
    })
    await container.start()
    await container.wait()
    subscription.unsubscribe()
    await container.remove()
    expect(seen.map(([told]) => told)).toContain('stopped')
    expect(seen.filter(([told, stored]) => told !== stored)).toEqual([])
  })

  test.each([
    ['true', 0],
    ['exit 7', 7],
  ])('of `%s` ends with %i', async (script, code) => {
    const container = await place.sh(engine, script)
    await container.start()
    expect(await container.wait()).toMatchObject({ code, signal: null, cause: 'exited', oomKilled: false })
    await container.remove()
  })

  test('ended by SIGKILL from outside ends with 137', async () => {
    const container = await engine.create({ rootfs: place.rootfs, command: ['sleep', '1000'] })
    await container.start()
    process.kill(container.inspect().pid ?? 0, 'SIGKILL')
    expect(await container.wait()).toMatchObject({ code: 137, signal: 'SIGKILL', cause: 'signalled' })
    await container.remove()
  })

  test('ended by SIGTERM, as its shell reports it, ends with 143', async () => {
    // The kernel keeps from the first process of a pid namespace every signal that it has no handler for.
    const container = await place.sh(engine, 'trap "exit 143" TERM; echo ready; while :; do sleep 0.05; done')
    await container.start()
    await firstLine(container)
    await container.kill('TERM')
    expect(await container.wait()).toMatchObject({ code: 143, signal: 'SIGTERM', cause: 'signalled' })
    await container.remove()
  })

  test('that ends before its start returns was started, and its code is known', async () => {
    const container = await engine.create({ rootfs: place.rootfs, command: ['true'] })
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 0, cause: 'exited' })
    await container.remove()
  })

  test('can be lived again, with the next generation', async () => {
    const container = await place.sh(engine, 'exit 3')
    await container.start()
    await container.wait()
    await container.start()
    const exit = await container.wait()
    expect(exit).toMatchObject({ code: 3, generation: 2 })
    expect(await container.wait({ generation: 1 })).toMatchObject({ generation: 1 })
    await container.remove()
  })
})

describe('output', () => {
  test('is kept apart by stream, whole and in order', async () => {
    const container = await place.sh(engine, 'echo one; echo two >&2; printf three')
    await container.start()
    expect(await outputOf(container)).toEqual({ stdout: 'one\nthree', stderr: 'two\n' })
    await container.remove()
  })

  test('of 20,000 lines arrives whole', async () => {
    const container = await place.sh(engine, 'i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done')
    await container.start()
    const { stdout } = await outputOf(container)
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, index) => `${index}\n`).join(''))
    await container.remove()
  })
})

describe('pause', () => {
  test('holds a counter still', async () => {
    const container = await place.sh(engine, 'i=0; while :; do echo $i; i=$((i+1)); done >/dev/null')
    await container.start()
    const cpuTime = (): string => {
      const stat = readFileSync(`/proc/${container.inspect().pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).join(' ')
    }
    await container.pause()
    const before = cpuTime()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(cpuTime()).toBe(before)

    await container.resume()
    await expect.poll(cpuTime, { timeout: 20_000 }).not.toBe(before)
    await container.remove({ force: true })
  })
})

describe('stop', () => {
  test('of a process that ignores SIGTERM takes its grace, then SIGKILL', async () => {
    const container = await place.sh(engine, 'trap "" TERM; echo ready; while :; do sleep 0.05; done')
    await container.start()
    await firstLine(container)
    const signals: string[] = []
    const subscription = engine.events.subscribe((event) => {
      if (event.type === 'signal') signals.push(event.signal)
    })
    expect(await container.stop({ timeout: 0.5 })).toMatchObject({ code: 137, cause: 'stopped-by-user' })
    subscription.unsubscribe()
    expect(signals).toEqual(['SIGTERM', 'SIGKILL'])
    await container.remove()
  })

  test('of a process that obeys returns at its death, long before the grace is over', async () => {
    const container = await place.sh(engine, 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done')
    await container.start()
    await firstLine(container)
    const signals: string[] = []
    const subscription = engine.events.subscribe((event) => {
      if (event.type === 'signal') signals.push(event.signal)
    })
    expect(await container.stop({ timeout: 600 })).toMatchObject({ code: 0, cause: 'stopped-by-user' })
    subscription.unsubscribe()
    expect(signals).toEqual(['SIGTERM'])
    await container.remove()
  })

  test('with a timeout of 0 sends SIGKILL at once', async () => {
    const container = await place.sh(engine, 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done')
    await container.start()
    await firstLine(container)
    expect(await container.stop({ timeout: 0 })).toMatchObject({ code: 137 })
    await container.remove()
  })

  test('uses the container’s own stop signal', async () => {
    const script = 'trap "exit 5" USR1; trap "" TERM; echo ready; while :; do sleep 0.05; done'
    const container = await place.sh(engine, script, { stopSignal: 'USR1', stopTimeout: 600 })
    await container.start()
    await firstLine(container)
    expect(await container.stop()).toMatchObject({ code: 5 })
    await container.remove()
  })

  test('of a created container ends what waits there', async () => {
    const container = await place.sh(engine, 'exit 0')
    expect(await container.stop()).toMatchObject({ code: 137, startedAt: null })
    await container.remove()
  })

  test('of one that has exited gives its exit', async () => {
    const container = await place.sh(engine, 'exit 9')
    await container.start()
    await container.wait()
    expect(await container.stop()).toMatchObject({ code: 9 })
    await container.remove()
  })

  test('during start waits for the start, then stops', async () => {
    const container = await place.sh(engine, 'sleep 1000')
    const [started, exit] = await Promise.all([container.start(), container.stop({ timeout: 0 })])
    expect(started.id).toBe(container.id)
    expect(exit).toMatchObject({ cause: 'stopped-by-user' })
    await container.remove()
  })
})

describe('commands that cannot be', () => {
  test('two starts at once: one is taken, the other refused with what is allowed', async () => {
    const container = await place.sh(engine, 'sleep 1000')
    const outcomes = await Promise.allSettled([container.start(), container.start()])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const reason = (outcomes[1] as PromiseRejectedResult).reason
    expect(reason).toBeInstanceOf(IllegalTransitionError)
    expect(reason).toMatchObject({ state: 'starting', event: 'start', containerId: container.id })
    expect(container.state).toBe('running')
    await container.remove({ force: true })
  })

  test('a removal while it runs is refused, and done by force', async () => {
    const container = await place.sh(engine, 'sleep 1000')
    await container.start()
    await expect(container.remove()).rejects.toMatchObject({ code: 'EILLEGALTRANSITION' })
    expect(container.state).toBe('running')
    await container.remove({ force: true })
    expect(engine.exitRecord(container.id)).toMatchObject({ code: 137, cause: 'stopped-by-user' })
    expect(() => engine.get(container.id)).toThrow(/no container/)
  })

  test('a kill of one that has exited is refused', async () => {
    const container = await place.sh(engine, 'true')
    await container.start()
    await container.wait()
    await expect(container.kill()).rejects.toThrow(IllegalTransitionError)
    await container.remove()
  })
})

describe('a wait', () => {
  test('that is cancelled touches nothing', async () => {
    const container = await place.sh(engine, 'sleep 1000')
    await container.start()
    const abort = new AbortController()
    const waiting = container.wait({ signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(container.state).toBe('running')
    await container.remove({ force: true })
  })
})

describe('fifty short containers at once', () => {
  test('each end with their own code, legally, and leave nothing behind', async () => {
    const before = engine.snapshot().seq
    const containers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const container = await place.sh(engine, `exit ${index}`)
        await container.start()
        const exit = await container.wait()
        expect(exit.code).toBe(index)
        return container
      }),
    )
    await Promise.all(containers.map((container) => container.remove()))

    const events = [...engine.events.past(before)]
    // Each exit was seen where it is looked for first; else the watch would be called into question.
    expect(events.filter(({ containerId }) => containerId === null)).toEqual([])
    // A container rests in `running` unless its exit comes first, and in `exited` unless its removal is asked for.
    const life =
      /^configured creating created starting( running)? stopped cleaning( exited)? removing removed$/
    for (const container of containers) expect(statesOf(events, container).join(' ')).toMatch(life)
    expect(place.leftovers()).toEqual([])
    expect(engine.snapshot().containers).toEqual([])
    for (const { id } of containers)
      expect(existsSync(join('/sys/fs/cgroup/pids', `runchart-${id}`))).toBe(false)
  })
})

describe('await using', () => {
  test('removes a container at the end of its block', async () => {
    let id = ''
    {
      await using container = await place.sh(engine, 'sleep 1000')
      await container.start()
      id = container.id
    }
    expect(() => engine.get(id)).toThrow(/no container/)
  })
})
