import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat, script, TEST_RUNTIME } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { eventually, gone, isAlive, OBEYS, pidsOf, running, statesOf, warnings } from './lab.ts'

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('failure 13: waits are of one run each, however fast the next ones come', async () => {
  const runs = 12
  const engine = await place.open()
  const counting = 'n=$(cat /tmp/n 2>/dev/null); n=$((n + 1)); echo $n > /tmp/n; exit $n'
  const container = await place.sh(engine, counting)
  const generations = Array.from({ length: runs }, (_, index) => index + 1)
  const waits = generations.map((generation) => container.wait({ generation }))
  for (const generation of generations) {
    // Asked for at the exit, long before the clean-up is over.
    const starting = container.start()
    await container.wait({ generation })
    await starting
  }
  await container.start()
  // What a wait of the first run would have to be told of now is long past.
  expect(container.generation).toBe(runs + 1)
  const records = generations.map((generation) => ({ generation, code: generation }))
  expect(await Promise.all(waits)).toMatchObject(records)
  expect(await container.wait({ generation: 1 })).toMatchObject({ generation: 1, code: 1 })
  recordFault('13: a restart at each exit', 'each wait has the exit of its own run', runs)
})

test('failure 14: a run that is over before anybody could look at it is waited for, and told', async () => {
  const runs = 5
  // The start goes on after the run: there is no time at which the container is seen running.
  const late = `${findProgram(TEST_RUNTIME)} "$@"; exec sleep 1000`
  const engine = await place.open({ runtime: runtimeThat(place.path, 'start', late) })
  const container = await place.sh(engine, 'exit 3')
  for (let run = 1; run <= runs; run += 1) {
    const next = container.wait({ generation: run })
    await container.start()
    expect(await next).toMatchObject({ generation: run, code: 3, cause: 'exited' })
    await eventually(() => container.state).toBe('exited')
  }
  const states = statesOf(engine, container)
  expect(states).not.toContain('running')
  expect(states.filter((state) => state === 'stopped')).toHaveLength(runs)
  recordFault('14: a run over before its start returned', 'its exit is waited for and told', runs)
})

test('failure 16: a late clean-up of one run does not touch the next', async () => {
  const hold = join(place.path, 'hold')
  const pidFile = join(place.path, 'monitor.pid')
  writeFileSync(hold, '')
  const slow = script(place.path, 'exit-command', `while [ -e ${hold} ]; do sleep 0.02; done`)
  const { logger, lines } = warnings()
  const engine = await place.open({ logger })
  const container = await running(place, engine, OBEYS, { exitCommand: [slow], conmonPidFile: pidFile })
  const { monitor: first } = pidsOf(container)
  await container.stop()
  await eventually(() => container.state).toBe('exited')
  // conmon is at its exit command, after which its pid file and its cgroup go.
  expect(isAlive(first)).toBe(true)

  await container.start()
  const { pid, monitor } = pidsOf(container)
  await expect(container.cleanup()).rejects.toMatchObject({ code: 'EILLEGALTRANSITION', state: 'running' })
  rmSync(hold)
  await gone(first)
  // The engine looks at that conmon every two seconds.
  await delay(2_500)
  expect([isAlive(pid), isAlive(monitor)]).toEqual([true, true])
  expect(readFileSync(pidFile, 'utf8').trim()).toBe(String(monitor))
  expect(readFileSync(`/proc/${monitor}/cgroup`, 'utf8')).toContain(`runchart-conmon-${container.id}`)
  expect(lines).toEqual([])
  expect(await container.stop()).toMatchObject({ code: 5, generation: 2 })
  await eventually(() => [container.state, existsSync(pidFile)]).toEqual(['exited', false])
  expect(place.leftovers()).toEqual([])
  recordFault('16: a clean-up after the restart', 'the new run goes on, with its files')
})
