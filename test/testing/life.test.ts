import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Container, IllegalTransitionError, NotFoundError, StopTimeoutError } from '../../src/index.ts'
import { NotSimulatedError, type Program, type Programs } from '../../src/testing/index.ts'
import { SLEEPER, simulated, started, statesOf } from './simulated.ts'

describe('a simulated container', () => {
  test('lives as a real one does, each state told in order with a number of its own', async () => {
    const { engine, clock, world } = await simulated()
    const container = await engine.create({ ...SLEEPER, name: 'one' })
    await container.start()
    await container.pause()
    await container.resume()
    world.exit('one', { code: 3 })
    expect(await container.wait()).toMatchObject({ code: 3, signal: null, cause: 'exited', generation: 1 })
    await clock.settle()
    await container.remove()

    expect(statesOf(engine.events.past(0), container).join(' ')).toBe(
      'configured creating created starting running pausing paused resuming running ' +
        'stopped cleaning exited removing removed',
    )
    expect([...engine.events.past(0)].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 14 }, (_, i) => i + 1),
    )
    expect(engine.exitRecord('one')).toMatchObject({ code: 3 })
  })

  test('tells the times of virtual time alone', async () => {
    const startsAt = new Date('2030-01-01T00:00:00.000Z')
    const { engine, clock, world } = await simulated({ startsAt })
    const container = await engine.create(SLEEPER)
    await clock.advance(1_500)
    await container.start()
    await clock.advance(86_400_000)
    world.exit(container.id)
    await container.wait()
    expect(container.inspect()).toMatchObject({
      createdAt: '2030-01-01T00:00:00.000Z',
      startedAt: '2030-01-01T00:00:01.500Z',
      finishedAt: '2030-01-02T00:00:01.500Z',
    })
    expect([...engine.events.past(0)].at(-1)?.at).toBe('2030-01-02T00:00:01.500Z')
  })

  test('ends by the signal of a stop, and one that a signal ended says so', async () => {
    const { engine, world } = await simulated()
    const [stopped, killed, exhausted] = await Promise.all([1, 2, 3].map(() => started(engine)))
    expect(await stopped?.stop()).toMatchObject({ code: 143, signal: 'SIGTERM', cause: 'stopped-by-user' })
    await killed?.kill('SIGKILL')
    expect(await killed?.wait()).toMatchObject({ code: 137, signal: 'SIGKILL', cause: 'signalled' })
    world.exit(exhausted?.id ?? '', { signal: 'SIGKILL', oomKilled: true })
    expect(await exhausted?.wait()).toMatchObject({ code: 137, oomKilled: true, cause: 'oom' })
  })

  test('that takes SIGTERM has its grace, of virtual time, and then is killed', async () => {
    const stubborn: Program = (process) => void process.on('SIGTERM', () => {})
    const { engine, clock } = await simulated({ programs: { stubborn } })
    const container = await started(engine, { command: ['/usr/bin/stubborn'], stopTimeout: 10 })
    const stopping = container.stop()
    await clock.advance(9_999)
    expect(container.state).toBe('stopping')
    await clock.advance(1)
    expect(await stopping).toMatchObject({ code: 137, cause: 'stopped-by-user' })
  })

  test('takes signals and exits that come while it is paused once it is resumed', async () => {
    const { engine, clock } = await simulated({ programs: { brief: exitsAfter(1_000) } })
    const container = await started(engine, { command: ['brief'] })
    await container.pause()
    await container.kill('SIGUSR1')
    await clock.advance(5_000)
    expect(container.state).toBe('paused')
    await container.resume()
    expect(await container.wait()).toMatchObject({ code: 138, signal: 'SIGUSR1', cause: 'signalled' })
  })

  test('refuses what its state does not take, and is unchanged', async () => {
    const { engine } = await simulated()
    const container = await engine.create(SLEEPER)
    const before = container.inspect()
    await expect(container.pause()).rejects.toThrow(IllegalTransitionError)
    await expect(container.exec(['true'])).rejects.toThrow(IllegalTransitionError)
    expect(container.inspect()).toEqual(before)
  })

  test('runs again as the next generation', async () => {
    const { engine, world } = await simulated()
    const container = await started(engine)
    world.exit(container.id, { code: 1 })
    await container.wait()
    await container.start()
    expect(container).toMatchObject({ state: 'running', generation: 2 })
    world.exit(container.id, { code: 2 })
    expect(await container.wait({ generation: 2 })).toMatchObject({ code: 2 })
    expect(await container.wait({ generation: 1 })).toMatchObject({ code: 1 })
  })

  test('is started again by its policy, whose back-off passes in virtual time', async () => {
    const { engine, clock } = await simulated({ programs: { failing: () => 1 } })
    const container = await started(engine, { command: ['failing'], restart: 'on-failure:3' })
    await clock.settle()
    const { generation } = container
    await clock.advance(600_000)
    expect(container).toMatchObject({ state: 'exited', generation: 4 })
    expect(generation).toBeLessThan(4)
  })

  test('goes by itself where it was asked to', async () => {
    const { engine, clock, world } = await simulated()
    const container = await started(engine, { autoRemove: true })
    world.exit(container.id)
    await clock.settle()
    expect(engine.snapshot().containers).toEqual([])
  })
})

test('a simulated process has a number that no kernel gives, and nobody is signalled', async () => {
  const signalled = vi.spyOn(process, 'kill')
  onTestFinished(() => signalled.mockRestore())
  const { engine } = await simulated()
  const containers = await Promise.all([1, 2, 3].map(() => started(engine)))
  for (const container of containers) {
    const { pid, monitorPid, runtime } = container.inspect()
    expect(Math.min(pid ?? 0, monitorPid ?? 0)).toBeGreaterThan(2 ** 22)
    expect(runtime).toBe('/simulated/runtime')
  }
  await containers[0]?.stop()
  await containers[1]?.kill()
  await containers[2]?.remove({ force: true })
  expect(signalled).not.toHaveBeenCalled()
})

describe('a program', () => {
  test('writes to the log, sleeps in virtual time, and gives the exit code', async () => {
    const programs: Programs = {
      async greet(process) {
        process.print(`hello ${process.command[1]} ${process.env.at(-1)}`)
        await process.sleep(60_000)
        process.print('two\nlines', 'stderr')
        return 4
      },
    }
    const { engine, clock } = await simulated({ programs })
    const container = await started(engine, { command: ['greet', 'you'], env: ['MOOD=good'] })
    await clock.advance(60_000)
    expect(await container.wait()).toMatchObject({ code: 4 })
    expect(await outputOf(container)).toEqual(['stdout: hello you MOOD=good', 'stderr: two', 'stderr: lines'])
  })

  test('is followed in its log until it ends', async () => {
    const { engine, clock } = await simulated({ programs: { brief: exitsAfter(5, 'done') } })
    const container = await started(engine, { command: ['brief'] })
    const reading = outputOf(container, true)
    await clock.advance(5)
    expect(await reading).toEqual(['stdout: done'])
  })

  test('that throws ends with 1, and its error is in the log', async () => {
    const broken = () => {
      throw new Error('no such luck')
    }
    const { engine } = await simulated({ programs: { broken } })
    const container = await engine.create({ ...SLEEPER, command: ['broken'] })
    await container.start()
    expect(await container.wait()).toMatchObject({ code: 1, cause: 'exited' })
    expect(await outputOf(container)).toEqual(['stderr: Error: no such luck'])
  })
})

describe('exec', () => {
  const programs: Programs = {
    id(process) {
      process.print('uid=0')
      process.print('warning', 'stderr')
      return 5
    },
    async cat(process) {
      for await (const chunk of process.stdin ?? []) process.print(String(chunk))
      return 0
    },
    wait: () => undefined,
  }

  test('gives the output and the code of its program', async () => {
    const { engine } = await simulated({ programs })
    const container = await started(engine)
    expect(await container.exec(['id', '-u'])).toMatchObject({
      exitCode: 5,
      stdout: 'uid=0\n',
      stderr: 'warning\n',
    })
    expect(await container.exec(['/bin/cat'], { stdin: 'hello' })).toMatchObject({ stdout: 'hello\n' })
  })

  test('of a command that nobody has scripted says so, and runs nothing', async () => {
    const { engine } = await simulated({ programs })
    const container = await started(engine)
    const { seq } = engine.snapshot()
    await expect(container.exec(['/bin/ls'])).rejects.toThrow(NotSimulatedError)
    expect([...engine.events.past(seq)]).toEqual([])
    expect(container.execs()).toEqual([])
  })

  test('ends with its container, and before it', async () => {
    const { engine, world } = await simulated({ programs })
    const container = await started(engine)
    const session = await container.execSession(['wait'])
    expect(container.execs()).toMatchObject([{ id: session.id, pid: session.pid, state: 'running' }])
    expect((await container.top()).map(({ command }) => command)).toEqual([['sleep', '10'], ['wait']])
    world.exit(container.id)
    expect(await session.exited).toMatchObject({ code: 137 })
    await container.wait()
    const types = [...engine.events.past(0)].map((event) => (event.type === 'state' ? event.to : event.type))
    expect(types.slice(types.indexOf('exec.started'))).toEqual(['exec.started', 'exec.exited', 'stopped'])
  })

  test('is stopped and killed by itself', async () => {
    const { engine } = await simulated({ programs })
    const container = await started(engine)
    const [stopped, killed] = await Promise.all([
      container.execSession(['wait']),
      container.execSession(['wait']),
    ])
    await stopped.stop()
    expect(await stopped.exited).toMatchObject({ code: 143, cause: 'stopped' })
    await killed.kill('SIGINT')
    expect(await killed.exited).toMatchObject({ code: 130, cause: 'signalled' })
    expect(container.state).toBe('running')
  })
})

test('what is not simulated says so with an error of its own', async () => {
  const { engine, world } = await simulated()
  const container = await started(engine)
  for (const asked of [container.attach(), container.checkpoint()]) {
    await expect(asked).rejects.toMatchObject({ code: 'ENOTSIMULATED', containerId: container.id })
  }
  await container.stop()
  await world.clock.settle()
  expect(() => world.exit(container.id)).toThrow(NotFoundError)
  await expect(world.clock.advance(-1)).rejects.toMatchObject({ code: 'EINPUT' })
})

test('a container that outlives SIGKILL is told as one, and is still there', async () => {
  const { engine, world, clock } = await simulated()
  const container = await started(engine)
  world.makeUnkillable(container.id)
  const stopping = container.stop({ timeout: 1 })
  const outcome = expect(stopping).rejects.toThrow(StopTimeoutError)
  await clock.advance(6_000)
  await outcome
  expect(container.state).toBe('running')
})

const exitsAfter =
  (ms: number, words?: string): Program =>
  async (process) => {
    await process.sleep(ms)
    if (words !== undefined) process.print(words)
    return 0
  }

async function outputOf(container: Container, follow = false): Promise<string[]> {
  const lines: string[] = []
  for await (const { stream, data } of container.logs({ follow })) lines.push(`${stream}: ${data}`)
  return lines
}
