import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Container } from '../../src/index.ts'
import { isAlive } from '../faults/elsewhere/lab.ts'
import { testPlace } from '../fixtures/engine.ts'
import type { Bench } from './bench.ts'
import { holdsForAllSequences } from './suite.ts'

vi.setConfig({ testTimeout: 600_000 })

const POLITE = `trap 'exit 0' TERM; trap 'exit 3' USR1; trap 'exit 4' USR2
echo ready; while :; do sleep 1000 & wait; done`
const SIGNALS = { 3: 'SIGUSR1', 4: 'SIGUSR2' } as const

test('every sequence of commands on real runc and conmon does what the model says', async () => {
  await using place = await testPlace()
  const engine = await place.open()
  const readied = new Map<string, number>()
  const bench: Bench = {
    engine,
    create: (name) => place.sh(engine, POLITE, { name }),
    ready: (container) => firstWord(container, readied),
    exit: (container, code) => {
      const { pid } = container.inspect()
      if (pid !== null) process.kill(pid, SIGNALS[code])
    },
    die: (container) => {
      const { pid } = container.inspect()
      if (pid !== null && isAlive(pid)) process.kill(pid, 'SIGKILL')
    },
    // A runtime takes some ten milliseconds.
    pass: (moments) => delay(4 * moments),
  }
  const lives = await holdsForAllSequences(async () => bench, { runs: 30, length: 40 })
  expect(lives).toBeGreaterThan(50)
  expect(place.leftovers()).toEqual([])
})

/** Resolves once the present run has said that it takes signals: each run says so once, to the same log. */
async function firstWord(container: Container, readied: Map<string, number>): Promise<void> {
  const { id, generation } = container
  if (readied.get(id) === generation) return
  const said = container.inspect().startedAt ?? ''
  for await (const { at, data } of container.logs({ follow: true })) {
    if (data.toString() === 'ready' && Date.parse(at) >= Date.parse(said)) break
  }
  readied.set(id, generation)
}
