/**
 * Many lives beside many that live: opens an engine in a process of its own, so that the delay of the event loop and the
 * memory are the engine's, and says what it sees as lines of JSON. By hand, smaller:
 *
 *   node --expose-gc test/faults/load/load-program.ts PLACE LIVES LIVE
 *
 * PLACE holds a root file system in rootfs/rootfs; root and run root are made beside it.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import pLimit from 'p-limit'
import { type Engine, type EngineEvent, openEngine } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'

/** What one batch of lives cost. Sizes in MiB, times in ms where nothing else is said. */
export interface Figures {
  lives: number
  seconds: number
  livesPerSecond: number
  /** Of this process alone, for each life: what the machine does besides does not count. */
  cpu: number
  delayP50: number
  delayP99: number
  delayMax: number
  rss: number
  heap: number
}

/** What the program says last. */
export interface Totals {
  lives: number
  live: number
  /** Complaints about exit codes, records, states and numbers; none where all is right. */
  wrong: string[]
  events: number
}

const AT_ONCE = 16
const BATCHES = 5
/** Lives before the first figures are taken: code is compiled, and pools are filled. */
const WARM_UP = 300
const DELAY_RESOLUTION_MS = 5
const CODES = 120
/** An exit may be seen before its start has returned, and a removal be asked for before the runtime has let go. */
const LIFE =
  /^configured creating created starting( running)?( stopping)? stopped cleaning( exited)? removing removed$/

const [path = '', lives = '5000', live = '500'] = process.argv.slice(2)
const rootfs = join(path, 'rootfs/rootfs')
const limit = pLimit(AT_ONCE)
const wrong: string[] = []

async function main(count: number, beside: number): Promise<void> {
  const engine = await openEngine({
    root: join(path, 'root'),
    runRoot: join(path, 'run'),
    runtime: TEST_RUNTIME,
  })
  const events = watchEvents(engine)
  await all(beside, () => startLiving(engine))
  say({ live: engine.snapshot().containers.filter(({ state }) => state === 'running').length })
  await all(WARM_UP, (index) => oneLife(engine, index))
  for (let batch = 0; batch < BATCHES; batch += 1) say(await measure(engine, count / BATCHES))
  const { containers } = engine.snapshot()
  await all(containers.length, (index) => engine.get(containers[index]?.id ?? '').remove({ force: true }))
  const left = engine.snapshot().containers.length
  if (left > 0) wrong.push(`${left} containers are left`)
  await engine.close()
  say({
    lives: count + WARM_UP,
    live: beside,
    wrong: wrong.slice(0, 20),
    events: events.count(),
  } satisfies Totals)
}

async function all(count: number, work: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => work(index))))
}

async function measure(engine: Engine, count: number): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  const begun = performance.now()
  const before = process.cpuUsage()
  delay.enable()
  await all(count, (index) => oneLife(engine, index))
  delay.disable()
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(before)
  // Twice: what the first run has let go of may hold on to more.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return {
    lives: count,
    seconds: round(seconds),
    livesPerSecond: round(count / seconds),
    cpu: round((user + system) / 1_000 / count),
    delayP50: round(delay.percentile(50) / 1e6),
    delayP99: round(delay.percentile(99) / 1e6),
    delayMax: round(delay.max / 1e6),
    rss: round(rss / 2 ** 20),
    heap: round(heapUsed / 2 ** 20),
  }
}

async function startLiving(engine: Engine): Promise<void> {
  const container = await engine.create({ rootfs, command: ['sleep', '100000'] })
  await container.start()
}

async function oneLife(engine: Engine, index: number): Promise<void> {
  const code = index % CODES
  const container = await engine.create({ rootfs, command: ['sh', '-c', `exit ${code}`] })
  await container.start()
  const exit = await container.wait()
  await container.remove()
  const record = engine.exitRecord(container.id)
  for (const one of [exit, record]) {
    if (one.code !== code || one.cause !== 'exited')
      wrong.push(`${one.code} ${one.cause} in place of ${code}`)
  }
}

/** Each event once, none left out, and the states of a life in their order. */
function watchEvents(engine: Engine): { count: () => number } {
  const states = new Map<string, string[]>()
  let last = 0
  let count = 0
  engine.events.subscribe((event) => {
    count += 1
    if (event.seq !== last + 1) wrong.push(`event ${event.seq} after ${last}`)
    last = event.seq
    if (event.type === 'state') check(states, event)
  })
  return { count: () => count }
}

function check(states: Map<string, string[]>, { containerId, to }: EngineEvent & { type: 'state' }): void {
  const seen = states.get(containerId) ?? []
  states.set(containerId, [...seen, to])
  if (to !== 'removed') return
  states.delete(containerId)
  const life = [...seen, to].join(' ')
  if (!LIFE.test(life)) wrong.push(`a life of ${life}`)
}

const round = (value: number): number => Math.round(value * 10) / 10

function say(value: object): void {
  console.log(JSON.stringify(value))
}

await main(Number(lives), Number(live))
