/**
 * An owner of simulated containers, with the inspector. Prints its address once all of them run. From then on, for each
 * line that it is given, it has them make that many transitions a second.
 */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import type { Container } from '../../../src/index.ts'
import { serveInspector } from '../../../src/inspector/serve.ts'
import { openSimulatedEngine } from '../../../src/testing/index.ts'

const COUNT = Number(process.argv[2])
const TICK_MS = 20
/** `pausing` and `paused`, or `resuming` and `running`. */
const TRANSITIONS = 2

const world = await openSimulatedEngine()
const containers: Container[] = []
for (let made = 0; made < COUNT; made += 100) {
  const batch = Array.from({ length: Math.min(100, COUNT - made) }, async (_, at) => {
    const name = `sim-${String(made + at).padStart(5, '0')}`
    const container = await world.engine.create({ rootfs: '/any', command: ['sleep'], name })
    await container.start()
    return container
  })
  containers.push(...(await Promise.all(batch)))
}
const inspector = await serveInspector(world.engine, { logger: pino({ level: 'silent' }), port: 0 })
process.stdout.write(`${inspector.url}\n`)

/** Transitions a second, since when, and how many of them were made. */
let wanted = { rate: 0, since: 0, made: 0 }
createInterface({ input: process.stdin })
  .on('line', (line) => {
    wanted = { rate: Number(line), since: performance.now(), made: 0 }
  })
  .on('close', () => void leave())
for (let next = 0; ; ) {
  const due = (wanted.rate * (performance.now() - wanted.since)) / 1000 - wanted.made
  const count = Math.min(COUNT, Math.floor(due / TRANSITIONS))
  wanted.made += count * TRANSITIONS
  await Promise.all(Array.from({ length: count }, (_, at) => move(containers[(next + at) % COUNT])))
  next += count
  await delay(TICK_MS)
}

async function leave(): Promise<never> {
  await inspector.close()
  await world[Symbol.asyncDispose]()
  process.exit()
}

async function move(container: Container | undefined): Promise<void> {
  if (container?.state === 'running') await container.pause()
  else if (container?.state === 'paused') await container.resume()
}
